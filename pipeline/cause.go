package pipeline

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/breaking"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// cause is a declaration that changes come from: what a field loses, its filters, orders and inputs lose too, and whatever includes
// its entity.
type cause struct {
	pos  diag.Pos // nowhere of what is gone from the design
	name string   // "Article.note"
}

// report adds a problem for each cause, with the change that says most plainly what happened and the number of the others.
func (c *Checked) report(was *model.Model, ended *ending, code diag.Code, changes []breaking.Change) {
	causes := map[cause][]breaking.Change{}
	var order []cause
	for _, change := range changes {
		of := causeOf(was, c.Model, change)
		if ended.has(of.name) {
			continue
		}
		if causes[of] == nil {
			order = append(order, of)
		}
		causes[of] = append(causes[of], change)
	}
	for _, of := range order {
		all := causes[of]
		told := slices.MinFunc(all, func(a, b breaking.Change) int {
			return cmp.Or(cmp.Compare(len(a.At+a.Text), len(b.At+b.Text)), cmp.Compare(a.At, b.At))
		})
		if follows(was, all) && slices.ContainsFunc(order, func(other cause) bool { return !follows(was, causes[other]) }) {
			continue
		}
		more := ""
		if len(all) > 1 {
			more = fmt.Sprintf(", and %d more that follow", len(all)-1)
		}
		c.Problems.Add(of.pos, code, hint(told.Rule), "breaks clients: %s: %s (%s)%s", told.At, told.Text, told.Rule, more)
	}
}

// follows tells whether all that is told is that types are gone which the tool makes: they go where nothing needs them any more,
// and why is told beside.
func follows(was *model.Model, changes []breaking.Change) bool {
	return !slices.ContainsFunc(changes, func(c breaking.Change) bool {
		return !consequences.MatchString(c.Rule) || was == nil || declares(was, c.Type)
	})
}

// declares tells whether a design has a type of that name.
func declares(m *model.Model, name string) bool {
	if slices.ContainsFunc(m.Entities, func(e *model.Entity) bool { return e.Name == name }) {
		return true
	}
	return slices.ContainsFunc(m.Modules, func(module *model.Module) bool {
		return slices.ContainsFunc(module.Enums, func(e *model.Enum) bool { return e.Name == name }) ||
			slices.ContainsFunc(module.Unions, func(u *model.UnionType) bool { return u.Name == name }) ||
			slices.ContainsFunc(slices.Concat(module.Values, module.Inputs), func(s *model.Struct) bool { return s.Name == name })
	})
}

// consequences are rules of what is gone as a whole.
var consequences = regexp.MustCompile(`^(TYPE_REMOVED|MESSAGE_NO_DELETE|ENUM_NO_DELETE)$`)

// hints are what to do about a rule, by the first that it fits.
var hints = []struct {
	rule *regexp.Regexp
	hint string
}{
	{regexp.MustCompile(`^SUNSET_`), "leave clients the time that they were promised, or a day that is still to come"},
	{regexp.MustCompile(`^RULE_NARROWER$`), "let them go on, or tell them before it lands: the gate is silent against a revision that has it"},
	{regexp.MustCompile(`^PAGE_SMALLER$`), "go on giving as many; a smaller size: is what those get who do not ask"},
	{regexp.MustCompile(`(?i)required|became-not-nullable`), "let it be left out: give it a @default, or let it be null"},
	{
		regexp.MustCompile(`_ADDED$|NARROWER|STEP_REMOVED|pattern|(min|max)-?(length|items)?-(set|increased|decreased)|min-|max-|DELETE_REFUSED`),
		"go on taking what was taken; what is new may ask for more",
	},
	{regexp.MustCompile(`(?i)value-added|MEMBER_ADDED`), "tell clients before, or give what is new a field of its own"},
	{regexp.MustCompile(`(?i)removed|no_delete`), "keep it, mark it @deprecated, and take it away when nobody asks for it"},
	{regexp.MustCompile(`(?i)type|same|changed|otherwise|nullable|optional`), "leave what is there as it was, and give what is new a name of its own"},
}

func hint(rule string) string {
	for _, h := range hints {
		if h.rule.MatchString(rule) {
			return h.hint
		}
	}
	return ""
}

// causeOf is the declaration that a change comes from. Was is nil where the design of before is not known.
func causeOf(was, now *model.Model, c breaking.Change) cause {
	for _, m := range []*model.Model{now, was} {
		if m == nil {
			continue
		}
		if of, found := declared(m, c); found {
			if m == was {
				of.pos = diag.Pos{}
			}
			return of
		}
	}
	before := was
	if before == nil {
		before = now
	}
	e := changedEntity(before, c)
	if e == nil {
		e = changedEntity(now, c)
	}
	if e == nil {
		return cause{}
	}
	e, f := changedField(e, c)
	of := cause{name: e.Name}
	if f != nil {
		of.name += "." + f.Name
	}
	for _, is := range now.Entities {
		if is.Name == e.Name || is.Former == e.Name {
			if of.pos = is.Pos; f != nil {
				of.pos = fieldOr(is.Fields, f.Name, is.Pos)
			}
		}
	}
	return of
}

// declared is the operation, enum, value object or input that a change comes from, if it is one.
func declared(m *model.Model, c breaking.Change) (of cause, found bool) {
	for _, module := range m.Modules {
		for _, o := range slices.Concat(module.Operations, module.Subscriptions) {
			if asked(o, c) && (c.Type != "" || o.Where == nil && o.Result.Target == nil || !answers(c)) {
				return cause{o.Pos, o.Name}, true
			}
		}
		for _, e := range module.Enums {
			if e.Name == c.Type {
				return cause{e.Pos, e.Name}, true
			}
		}
		for _, u := range module.Unions {
			if c.Type == u.Name || c.Type == u.Name+"Filter" || c.Type == u.Name+"Input" || c.Type == u.Name+"Key" {
				return cause{u.Pos, u.Name}, true
			}
		}
		for _, s := range slices.Concat(module.Values, module.Inputs) {
			if s.Name == c.Type {
				return cause{fieldOr(s.Fields, c.Member, s.Pos), s.Name + "." + c.Member}, true
			}
		}
	}
	return cause{}, false
}

// asked tells whether a change is of an operation: of GraphQL by the root that it stands at, of the others by its name, which a
// subscription has at the gRPC door with a word before it. "docs" may be the list of all Docs at one door, and a subscription at another.
func asked(o *model.Operation, c breaking.Change) bool {
	switch {
	case !rootType(c.Type):
		return false
	case c.Type != "":
		return c.Type == string(o.Kind) && c.Member == o.Name
	case o.Kind == model.Subscription:
		return c.Member == "subscribe"+strings.ToUpper(o.Name[:1])+o.Name[1:]
	}
	return c.Member == o.Name
}

// answers tells whether a change of REST is one of an answer, which is of the rows that it has and not of the operation.
func answers(c breaking.Change) bool {
	return strings.HasPrefix(c.Rule, "response-property") || strings.HasPrefix(c.Rule, "response-optional-")
}

// changedEntity is the entity whose type or operation a change is of; nil for none.
func changedEntity(m *model.Model, c breaking.Change) *model.Entity {
	var best *model.Entity // the one with the longest name, since CreateOrderLineInput is not of Order
	for _, e := range m.Entities {
		named := c.Type == e.Name || derived(c.Type, e.Name)
		if rootType(c.Type) {
			named = served(c.Member, e)
		}
		if named && (best == nil || len(e.Name) > len(best.Name)) {
			best = e
		}
	}
	if best != nil {
		for _, f := range best.Fields { // PoemCommentsCreateItem is of the rows of a list
			if f.Kind == model.List && strings.HasPrefix(c.Type, best.Name+strings.ToUpper(f.Name[:1])+f.Name[1:]) && strings.HasSuffix(c.Type, "Item") {
				return f.Target
			}
		}
	}
	if best != nil || c.Type != "" {
		return best
	}
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			if o.Name == c.Member {
				return o.Result.Target
			}
		}
	}
	return nil
}

// changedField follows what a change names from e on, to the last field that is found and its entity.
func changedField(e *model.Entity, c breaking.Change) (*model.Entity, *model.Field) {
	if c.Type != "" {
		return e, named(e, plain(c.Member, c.Type))
	}
	for _, path := range c.Names {
		of, found := e, (*model.Field)(nil)
		at := e
		for segment := range strings.SplitSeq(strings.TrimPrefix(path, "-"), "/") {
			for part := range strings.SplitSeq(segment, ".") {
				if at == nil {
					break
				}
				if i := slices.IndexFunc(at.Fields, func(f *model.Field) bool { return f.Name == part }); i >= 0 {
					of, found = at, at.Fields[i]
					if found.Target != nil {
						at = found.Target
					}
					continue
				}
				if found != nil && found.Kind == model.Union {
					if i := slices.IndexFunc(found.Arms, func(arm *model.Field) bool { return arm.Target.Singular == part }); i >= 0 {
						at = found.Arms[i].Target
					}
				}
			}
		}
		if found != nil {
			return of, found
		}
	}
	return e, nil
}

// plain is the name of a member of a type without what doors make of it: "POST_ORDER_AUTHOR_NAME_ASC" of PostOrder is authorname.
func plain(member, typ string) string {
	flat := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
	return strings.TrimPrefix(flat(member), flat(typ))
}

// named is the field that a name begins with, the longest if there are several.
func named(e *model.Entity, name string) (best *model.Field) {
	for _, f := range e.Fields {
		if strings.HasPrefix(name, strings.ToLower(f.Name)) && (best == nil || len(f.Name) > len(best.Name)) {
			best = f
		}
	}
	return best
}

// rootType tells whether what has this type is an operation: of REST it has none.
func rootType(name string) bool {
	return name == "" || name == "Query" || name == "Mutation" || name == "Subscription"
}

// derived tells whether a type of the contract is made of an entity: ArticleFilter, UpdateArticleInput, ArticleConnection.
func derived(typ, entity string) bool {
	rest, found := strings.CutPrefix(typ, entity)
	for _, verb := range []string{"Create", "Update"} {
		if !found {
			rest, found = strings.CutPrefix(typ, verb+entity)
		}
	}
	return found && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

// served tells whether a generated operation is one of e.
func served(operation string, e *model.Entity) bool {
	switch operation {
	case e.Singular, e.Plural, e.Plural + "Aggregate", e.Singular + "History",
		"create" + e.Name, "update" + e.Name, "delete" + e.Name, "restore" + e.Name:
		return true
	}
	plural := strings.ToUpper(e.Plural[:1]) + e.Plural[1:]
	switch operation { // of the gRPC door
	case "get" + e.Name, "list" + plural, "stream" + plural, "aggregate" + plural, "list" + e.Name + "History":
		return true
	}
	return false
}

func fieldOr(fields []*model.Field, name string, otherwise diag.Pos) diag.Pos {
	for _, f := range fields {
		if f.Name == name && f.Pos.Line > 0 {
			return f.Pos
		}
	}
	return otherwise
}
