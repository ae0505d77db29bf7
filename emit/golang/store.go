package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// storeFile is how the entities of a module are read and written: a store, a form to create and a patch each.
func storeFile(m *model.Module) string {
	p := &printer{}
	p.f("package %s", PackageName(m))
	for _, e := range m.Entities {
		s := planStore(m, e)
		store(p, s)
		creation(p, s)
		patch(p, s)
		columnsOf(p, s)
	}
	return p.String()
}

// storePlan is an entity as its store sees it.
type storePlan struct {
	Entity  *model.Entity
	Name    string // "OrderLine"
	New     string // "NewOrderLine": the form to create one
	One     string // "order line", for prose
	Many    string // "order lines"
	Meta    string // "orderLineMeta"
	Columns string // "OrderLines"
	Page    model.Page
	Query   string   // the type of package typed that its query is: "Query"
	Asked   string   // the query q as a typed.Query
	Key     *keyPlan // nil when the id is the key
	Ensures []ensurePlan
	Settable,
	Changeable []setPlan
	Lists  []*model.Field // bounded many-to-many lists
	Links  []linksPlan
	Parts  []partsPlan
	Fields []columnPlan
}

type keyPlan struct{ Name, Param, Type, Text string }

// ensurePlan is fields that no two rows share.
type ensurePlan struct {
	Name   string // "FollowerAndFollowed"
	Prose  string // "follower and followed"
	Fields string // `"follower", "followed"`
}

// setPlan is a field that a create or a patch sets.
type setPlan struct {
	Field    *model.Field
	Name     string // "Status"
	Type     string // "OrderStatus"
	Declared string // "*OrderStatus" in a create
	Optional bool   // may be left out of a create
	Write    string // of n.Status in a create
	Patch    string // of p.Status in a patch
}

// linksPlan is a many-to-many list without a bound, whose rows are linked and unlinked.
type linksPlan struct {
	Field *model.Field
	Name  string // "Guests"
	Type  string // "kit.ID"
}

// partsPlan is a list whose rows are written with the row.
type partsPlan struct {
	Field  *model.Field
	Name   string // "Lines"
	By     string // the reference by which they belong: "order"
	New    string // "NewLine"
	Patch  string // "LinePatch"; "struct{}" where nothing of them changes
	Nobody bool   // whether Patch is that
}

type columnPlan struct{ Name, Type, New string }

func planStore(m *model.Module, e *model.Entity) storePlan {
	s := storePlan{
		Entity: e, Name: e.Name, New: creationName(e), One: human(e.Name), Many: human(e.Plural), Meta: metaName(e), Columns: pluralName(e), Page: e.Page,
		Query: "Query", Asked: "q",
	}
	if len(e.Search) > 0 {
		s.Query, s.Asked = "Search", "q.Query()"
	}
	if e.Key.Name != "id" {
		t := typeOf(m, e.Key, false)
		param := parameter(e.Key.Name)
		s.Key = &keyPlan{Name: exported(e.Key.Name), Param: param, Type: t.Name, Text: keyText(t, param)}
	}
	for _, f := range e.Fields {
		if reads(f) {
			s.Lists = append(s.Lists, f)
		}
		if !settable(f) {
			continue
		}
		set := planSet(m, f)
		s.Settable = append(s.Settable, set)
		if changeable(f) {
			s.Changeable = append(s.Changeable, set)
		}
	}
	s.Ensures = planEnsures(e)
	for _, f := range e.Fields {
		switch {
		case f.Parts != nil && f.Target.Module == m:
			s.Parts = append(s.Parts, planParts(f))
		case f.Kind == model.List && f.Join != nil && f.Join.Owner && f.Bound == 0:
			s.Links = append(s.Links, linksPlan{f, exported(f.Name), linkType(f)})
		}
	}
	for _, f := range e.Fields {
		switch {
		case f.Target != nil && f.Target.HistoryOf != nil: // read as a history is, not as rows
		case f.Method: // it is in no statement
		case f.Target != nil && reached(m, f.Target.Module):
			s.Fields = append(s.Fields, planRelation(m, e, f))
		case f.Kind == model.List || f.Kind == model.Union || f.Kind == model.JSON || f.Kind == model.Bytes:
		case f.Repeated:
			s.Fields = append(s.Fields, planList(e.Name, f, typeOf(m, f, false)))
		case f.Kind == model.Value:
			for _, part := range f.Fields {
				if part.Kind != model.Value && part.Kind != model.JSON && part.Kind != model.Bytes {
					s.Fields = append(s.Fields, planColumn(e.Name, exported(f.Name)+exported(part.Name), part, typeOf(m, part, false), f.Name, part.Name))
				}
			}
		default:
			s.Fields = append(s.Fields, planColumn(e.Name, exported(f.Name), f, typeOf(m, f, false), f.Name))
		}
	}
	return s
}

// reads tells whether a store has a method for the ids in a list.
func reads(f *model.Field) bool { return f.Kind == model.List && f.Join != nil && f.Bound > 0 }

// planEnsures is what rows may be ensured by: each set of fields once, however often and under whatever conditions it is unique, if business code sets
// all of them.
func planEnsures(e *model.Entity) (all []ensurePlan) {
	for _, u := range e.Uniques {
		var names, prose, fields []string
		for _, f := range u.Fields {
			if f.ArmOf != nil {
				f = f.ArmOf
			}
			if settable(f) {
				names, prose, fields = append(names, exported(f.Name)), append(prose, human(f.Name)), append(fields, f.Name)
			}
		}
		plan := ensurePlan{strings.Join(names, "And"), strings.Join(prose, " and "), quoted(fields...)}
		if len(fields) == len(u.Fields) && !slices.Contains(all, plan) {
			all = append(all, plan)
		}
	}
	return all
}

// linkType is the Go type that names a row of a many-to-many list.
func linkType(f *model.Field) string {
	if f.Target.Upsert {
		return "string"
	}
	return "kit.ID"
}

func planParts(f *model.Field) partsPlan {
	p := partsPlan{Field: f, Name: exported(f.Name), By: f.Inverse.Name, New: creationName(f.Target), Patch: f.Target.Name + "Patch"}
	if !slices.ContainsFunc(f.Target.Fields, changeable) {
		p.Patch, p.Nobody = "struct{}", true
	}
	return p
}

// settable tells whether business code sets f in a new row, and changeable whether it changes it.
func settable(f *model.Field) bool {
	return !f.Auto && (held(f) || f.Kind == model.List && f.Join != nil && f.Bound > 0 && f.Join.Owner)
}

func changeable(f *model.Field) bool { return settable(f) && !f.Immutable }

// reached tells whether the package of m may name the types of another module.
func reached(m, other *model.Module) bool { return m == other || slices.Contains(m.Uses, other) }

func planRelation(m *model.Module, e *model.Entity, f *model.Field) columnPlan {
	kind := "Reference"
	if f.Kind == model.List {
		kind = "Relation"
	}
	types := "[" + e.Name + ", " + named(m, f.Target.Module, f.Target.Name) + "]"
	return columnPlan{exported(f.Name), "query." + kind + types, fmt.Sprintf("query.New%s%s(%q)", kind, types, f.Name)}
}

func planColumn(entity, name string, f *model.Field, t goType, path ...string) columnPlan {
	switch f.Kind {
	case model.Int, model.Int64, model.Float, model.Decimal, model.Duration:
		if f.Auto { // a version is no quantity
			break
		}
		return planNumber(entity, name, f.Kind, t, path...)
	}
	constructor := "NewColumn"
	if t.Family == text {
		constructor = "NewTextColumn"
	}
	return columnPlan{name, "query.Column[" + entity + ", " + t.Name + "]", fmt.Sprintf("query.%s[%s, %s](%s)", constructor, entity, t.Name, quoted(path...))}
}

// planNumber is a column whose values have a sum and a mean.
func planNumber(entity, name string, kind model.Kind, t goType, path ...string) columnPlan {
	sum, mean := t.Name, t.Name
	switch kind {
	case model.Int:
		sum, mean = "int64", "float64"
	case model.Int64:
		sum, mean = "kit.Decimal", "float64"
	}
	number := "Number[" + strings.Join([]string{entity, t.Name, sum, mean}, ", ") + "]"
	return columnPlan{name, "query." + number, "query.New" + number + "(" + quoted(path...) + ")"}
}

func planList(entity string, f *model.Field, t goType) columnPlan {
	constructor := "NewListColumn"
	if t.Family == text {
		constructor = "NewTextListColumn"
	}
	types := "[" + entity + ", " + t.Name + "]"
	return columnPlan{exported(f.Name), "query.ListColumn" + types, "query." + constructor + types + "(" + quoted(f.Name) + ")"}
}

func planSet(m *model.Module, f *model.Field) setPlan {
	name := exported(f.Name)
	if f.Kind == model.List {
		typ := "[]" + linkType(f)
		return setPlan{
			Field: f, Name: name, Type: typ, Declared: typ, Optional: true,
			Write: "typed.IDsOrNil(n." + name + ")", Patch: "typed.FromIDs(p." + name + ")",
		}
	}
	t := typeOf(m, f, false)
	optional := f.Null || f.Default != nil || f.Tenant
	if f.Repeated {
		return setPlan{
			Field: f, Name: name, Type: "[]" + t.Name, Declared: "[]" + t.Name, Optional: optional,
			Write: "typed.Items(n." + name + ", " + t.item() + ")", Patch: "typed.FromItems(p." + name + ", " + t.item() + ")",
		}
	}
	return setPlan{
		Field: f, Name: name, Type: t.Name, Declared: t.declared(optional, false), Optional: optional,
		Write: t.write("n."+name, optional), Patch: t.patch("p." + name),
	}
}

func keyText(t goType, v string) string {
	switch {
	case t.Name == "string":
		return v
	case t.Family == number:
		return "strconv.Itoa(" + v + ")"
	case t.Name == "int64":
		return "strconv.FormatInt(" + v + ", 10)"
	case t.Family == text:
		return "string(" + v + ")"
	}
	return v + ".String()"
}

// creationName is the Go name of the form to create a row: "NewOrderLine", or "NewOrderLineRow" where the design calls a
// type of its own so.
func creationName(e *model.Entity) string {
	name := "New" + e.Name
	for _, s := range append(append([]*model.Struct{}, e.Module.Values...), e.Module.Inputs...) {
		if s.Name == name {
			return name + "Row"
		}
	}
	return name
}

// pluralName is the Go name of an entity's rows: "OrderLines".
func pluralName(e *model.Entity) string {
	if name := exported(e.Plural); name != e.Name {
		return name
	}
	return e.Name + "Rows"
}

func metaName(e *model.Entity) string { return lowerFirst(e.Name) + "Meta" }

func store(p *printer, s storePlan) {
	p.f("")
	p.comment(s.Name + "Store reads and writes " + s.Many + " in a transaction, by the rules of the design.")
	p.f("type %sStore struct{ tx *query.Tx }", s.Name)
	p.f("")
	p.comment("Get returns the " + s.One + " of that id, or a NOT_FOUND problem.")
	p.f("func (s %sStore) Get(ctx context.Context, id kit.ID) (%s, error) {", s.Name, s.Name)
	p.f("return typed.Get(ctx, s.tx, %s, string(id), %sOf)", s.Meta, s.Name)
	p.f("}")
	if k := s.Key; k != nil {
		p.f("")
		p.comment("By" + k.Name + " returns the " + s.One + " of that " + human(s.Entity.Key.Name) + ", or a NOT_FOUND problem.")
		p.f("func (s %sStore) By%s(ctx context.Context, %s %s) (%s, error) {", s.Name, k.Name, k.Param, k.Type, s.Name)
		p.f("return typed.Get(ctx, s.tx, %s, %s, %sOf)", s.Meta, k.Text, s.Name)
		p.f("}")
	}
	p.f("")
	p.comment(s.Name + "Query says which " + s.Many + " to list, with conditions on " + s.Columns + ".")
	p.f("type %sQuery = typed.%s[%s]", s.Name, s.Query, s.Name)
	p.f("")
	p.comment("List returns a page of " + s.Many + " and the cursor after which the next one begins, empty at the end.")
	p.f("func (s %sStore) List(ctx context.Context, q %sQuery) ([]%s, string, error) {", s.Name, s.Name, s.Name)
	p.f("return typed.Page(ctx, s.tx, %s, %s, %sOf)", s.Meta, s.Asked, s.Name)
	p.f("}")
	p.f("")
	p.comment("All reads all " + s.Many + " that fit, page by page.")
	p.f("func (s %sStore) All(ctx context.Context, q %sQuery) iter.Seq2[%s, error] {", s.Name, s.Name, s.Name)
	p.f("return typed.All(ctx, s.tx, %s, %s, %sOf)", s.Meta, s.Asked, s.Name)
	p.f("}")
	p.f("")
	p.comment("Select returns fields of a page of " + s.Many + ", and of what they lead to, which its columns then read.")
	p.f("func (s %sStore) Select(ctx context.Context, q %sQuery, fields ...query.Field[%s]) (query.Records[%s], error) {", s.Name, s.Name, s.Name, s.Name)
	p.f("return typed.Select(ctx, s.tx, %s, %s, fields)", s.Meta, s.Asked)
	p.f("}")
	p.f("")
	p.comment("Aggregate works out figures of the " + s.Many + " that fit, in groups by those that are keys: " + s.Columns + ".CreatedAt.By(query.Month, \"Europe/Rome\"). First and After of q are about groups.")
	p.f("func (s %sStore) Aggregate(ctx context.Context, q %sQuery, parts ...query.Part[%s]) (query.Aggregates[%s], error) {", s.Name, s.Name, s.Name, s.Name)
	p.f("return typed.Aggregate(ctx, s.tx, %s, %s, parts)", s.Meta, s.Asked)
	p.f("}")
	p.f("")
	p.comment("SelectOne returns fields of the " + s.One + " of that " + keyOrID(s) + ", or a NOT_FOUND problem.")
	p.f("func (s %sStore) SelectOne(ctx context.Context, key string, fields ...query.Field[%s]) (query.Record[%s], error) {", s.Name, s.Name, s.Name)
	p.f("return query.GetRecord(ctx, s.tx, %s, key, fields)", s.Meta)
	p.f("}")
	for _, f := range s.Lists {
		p.f("")
		p.comment(exported(f.Name) + " returns the ids of the " + human(f.Target.Plural) + " in the list " + f.Name + ".")
		p.f("func (s %sStore) %s(ctx context.Context, id kit.ID) ([]kit.ID, error) {", s.Name, exported(f.Name))
		p.f("return typed.Linked(ctx, s.tx, %s, id, %q)", s.Meta, f.Name)
		p.f("}")
	}
	p.f("")
	p.comment("Create writes " + article(s.One) + " and returns its id.")
	p.f("func (s %sStore) Create(ctx context.Context, n %s) (kit.ID, error) {", s.Name, s.New)
	p.f("return s.tx.Create(ctx, %s, n.changes())", s.Meta)
	p.f("}")
	for _, by := range s.Ensures {
		p.f("")
		p.comment("EnsureBy" + by.Name + " writes " + article(s.One) + " unless there is one of that " + by.Prose + ", which then stays as it is, and returns the id of the one that is there and whether it was made. Who does so at the same time finds it.")
		p.f("func (s %sStore) EnsureBy%s(ctx context.Context, n %s) (kit.ID, bool, error) {", s.Name, by.Name, s.New)
		p.f("return s.tx.Ensure(ctx, %s, []string{%s}, n.changes())", s.Meta, by.Fields)
		p.f("}")
	}
	if len(s.Changeable) > 0 {
		p.f("")
		p.comment("Update changes " + article(s.One) + ": the fields that p gives, if version is still the row's (0 is any), else a STALE problem.")
		p.f("func (s %sStore) Update(ctx context.Context, id kit.ID, version int64, p %sPatch) error {", s.Name, s.Name)
		p.f("_, err := s.tx.Update(ctx, %s, string(id), version, p.changes())", s.Meta)
		p.f("return err")
		p.f("}")
	}
	p.f("")
	p.comment("Delete removes " + article(s.One) + ", if version is still the row's (0 is any), else a STALE problem.")
	p.f("func (s %sStore) Delete(ctx context.Context, id kit.ID, version int64) error {", s.Name)
	p.f("return s.tx.Delete(ctx, %s, string(id), version)", s.Meta)
	p.f("}")
	p.f("")
	p.comment("DeleteWhere removes the " + s.Many + " for which where holds, as Delete does each, and returns how many. One of them that may not be deleted is a FORBIDDEN problem of all.")
	p.f("func (s %sStore) DeleteWhere(ctx context.Context, where query.Condition[%s]) (int, error) {", s.Name, s.Name)
	p.f("return typed.DeleteWhere(ctx, s.tx, %s, where)", s.Meta)
	p.f("}")
	p.f("")
	p.comment("Lock holds the " + s.Many + " of these ids until the transaction ends: nobody changes or deletes them, or makes anything refer to them. Lock what you delete after what refers to it. It asks no rule.")
	p.f("func (s %sStore) Lock(ctx context.Context, ids ...kit.ID) error {", s.Name)
	p.f("return typed.Lock(ctx, s.tx, %s, ids)", s.Meta)
	p.f("}")
	if s.Entity.SoftDelete {
		p.f("")
		p.comment("Restore brings " + article(s.One) + " that was deleted back, with what was deleted with it: a NOT_FOUND problem where it is not deleted, a CONFLICT where something unique was taken since.")
		p.f("func (s %sStore) Restore(ctx context.Context, id kit.ID) error {", s.Name)
		p.f("_, err := s.tx.Restore(ctx, %s, string(id))", s.Meta)
		p.f("return err")
		p.f("}")
	}
}

func keyOrID(s storePlan) string {
	if s.Key == nil {
		return "id"
	}
	return human(s.Entity.Key.Name) + " or id"
}

func creation(p *printer, s storePlan) {
	p.f("")
	doc := s.New + " is " + article(s.One) + " to be."
	for _, f := range s.Settable {
		if f.Optional {
			doc += " What is nil takes its default, or is null."
			break
		}
	}
	p.comment(doc)
	p.f("type %s struct {", s.New)
	for _, f := range s.Settable {
		p.f("%s %s%s", f.Name, f.Declared, defaulted(f.Field))
	}
	for _, f := range s.Parts {
		p.f("%s []%s // made with it", f.Name, f.New)
	}
	for _, f := range s.Links {
		p.f("%s []%s // linked to it", f.Name, f.Type)
	}
	p.f("}")
	p.f("")
	p.f("func (n %s) changes() []query.Change {", s.New)
	p.f("c := typed.Changes{Entity: %s}", s.Meta)
	for _, f := range s.Settable {
		set := "Set"
		if f.Optional {
			set = "SetUnlessNil"
		}
		p.f("c.%s(%q, %s)", set, f.Field.Name, f.Write)
	}
	for _, f := range s.Links {
		p.f("typed.SetLinks(&c, %q, typed.Links[%s]{Link: n.%s})", f.Field.Name, f.Type, f.Name)
	}
	for _, f := range s.Parts {
		p.f("typed.Make(&c, %q, %q, n.%s, %s.changes)", f.Field.Name, f.By, f.Name, f.New)
	}
	p.f("return c.List")
	p.f("}")
}

// defaulted says what an absent field becomes, where that is a constant, and what a list of names makes.
func defaulted(f *model.Field) string {
	switch d := f.Default; {
	case f.Kind == model.List && f.Target.Upsert:
		return " // by " + f.Target.Key.Name + " or id; an unknown one is made"
	case d != nil && d.Op == model.Call && d.Name == "next" && len(d.Args) == 1:
		return " // the next of its " + human(d.Args[0].Path[0]) + " unless given"
	case d != nil && d.Op == model.Call && d.Name == "next":
		return " // the next of all unless given"
	case d == nil || d.Op != model.Const || d.Value == nil:
		return ""
	}
	if items, ok := f.Default.Value.([]any); ok {
		if len(items) == 0 {
			return " // empty unless given"
		}
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = strings.Trim(literal(item), `"`)
		}
		return " // " + strings.Join(texts, ", ") + " unless given"
	}
	value := literal(f.Default.Value)
	if text := strings.Trim(value, `"`); text != "" {
		value = text
	}
	return " // " + value + " unless given"
}

func patch(p *printer, s storePlan) {
	if len(s.Changeable) == 0 {
		return
	}
	p.f("")
	p.comment(s.Name + "Patch changes " + article(s.One) + ": query.Set(v) gives a field a value, query.Clear makes it null, what is left out stays.")
	p.f("type %sPatch struct {", s.Name)
	for _, f := range s.Changeable {
		p.f("%s query.Optional[%s]", f.Name, f.Type)
	}
	for _, f := range s.Links {
		p.f("%s typed.Links[%s]", f.Name, f.Type)
	}
	for _, f := range s.Parts {
		p.f("%s typed.PartsPatch[%s, %s]", f.Name, f.New, f.Patch)
	}
	p.f("}")
	p.f("")
	p.f("func (p %sPatch) changes() []query.Change {", s.Name)
	p.f("c := typed.Changes{Entity: %s}", s.Meta)
	for _, f := range s.Changeable {
		p.f("c.Set(%q, %s)", f.Field.Name, f.Patch)
	}
	for _, f := range s.Links {
		p.f("typed.SetLinks(&c, %q, p.%s)", f.Field.Name, f.Name)
	}
	for _, f := range s.Parts {
		changed := f.Patch + ".changes"
		if f.Nobody {
			changed = "func(struct{}) []query.Change { return nil }"
		}
		p.f("typed.Write(&c, %q, %q, p.%s, %s.changes, %s)", f.Field.Name, f.By, f.Name, f.New, changed)
	}
	p.f("return c.List")
	p.f("}")
}

// columnsOf prints the typed columns of an entity, for conditions and orders.
func columnsOf(p *printer, s storePlan) {
	p.f("")
	p.comment(s.Columns + " is the columns of " + s.Many + ", for conditions, orders and selections: " + s.Columns + ".ID.Eq(id).")
	p.f("var %s = struct {", s.Columns)
	for _, f := range s.Fields {
		p.f("%s %s", f.Name, f.Type)
	}
	p.f("}{")
	for _, f := range s.Fields {
		p.f("%s: %s,", f.Name, f.New)
	}
	p.f("}")
}
