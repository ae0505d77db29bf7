package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
)

// caller makes random steps for a world as it stands.
type caller struct {
	*rand.Rand
	world  *World
	tenant *Row // whose rows are named, mostly; nil for any
	mails  int
	made   map[*Type]int
}

func (c *caller) chance(percent int) bool { return c.IntN(100) < percent }

func one[T any](c *caller, from []T) T { return from[c.IntN(len(from))] }

// domain is values of each scalar, few so that they meet, and some at the edges.
var domain = map[string][]any{
	"String":   {"a", "b", "A", "ab", "", "a b", "ab, A-b", "é", "É", "%", "a_b", "'", "ba\u00df", "\U0001d518", " a "},
	"Int":      {json.Number("0"), json.Number("1"), json.Number("2"), json.Number("-1"), json.Number("3"), json.Number("5")},
	"Int64":    {"0", "1", "2", "9007199254740993", "-9007199254740993"},
	"Float":    {json.Number("0.5"), json.Number("1"), json.Number("-1.5"), json.Number("2"), json.Number("1e-3")},
	"Boolean":  {true, false},
	"Decimal":  {"1.5", "2", "0", "0.0001", "-3.25", "99999999.9999"},
	"DateTime": {"2026-03-28T22:00:00Z", "2026-03-28T21:00:00.000001Z", "1999-12-31T23:59:59Z", "2026-03-28T22:30:00Z", "2400-01-01T00:00:00Z"},
	"Date":     {"2026-03-29", "2024-02-29", "1970-01-01"},
	"Time":     {"09:00", "23:59:59", "00:00"},
	"TimeZone": {"UTC", "Europe/Rome", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"},
	"Duration": {"1h0m0s", "1m30s", "48h0m0s", "0s"},
	"JSON": {
		map[string]any{"a": json.Number("1")},
		map[string]any{"a": map[string]any{"b": []any{json.Number("1"), nil}, "c": "x"}, "c": true},
		map[string]any{"a": map[string]any{"b": nil, "d": json.Number("1")}, "c": nil},
		map[string]any{"a": nil},
		map[string]any{},
		[]any{map[string]any{"a": nil}},
		"x", json.Number("1"),
	},
}

// json is a random value of f as a door takes it.
func (c *caller) json(f *Field) any {
	if f.Repeated {
		list := []any{}
		for range c.IntN(4) {
			list = append(list, c.scalar(f))
		}
		return list
	}
	switch f.Scalar {
	case "union":
		arm := one(c, f.Arms)
		return map[string]any{f.armName(arm): c.label(arm)}
	case "reference":
		return c.label(f.Type)
	case "list":
		list := []any{}
		for range c.IntN(3) {
			if label := c.label(f.Type); !slices.Contains(list, any(label)) {
				list = append(list, label)
			}
		}
		return list
	case "value":
		parts := map[string]any{}
		for _, part := range f.Type.Fields {
			if !part.Null || c.chance(50) {
				parts[part.Name] = c.json(part)
			}
		}
		return parts
	}
	return c.scalar(f)
}

func (c *caller) scalar(f *Field) any {
	switch f.Scalar {
	case "enum":
		return one(c, c.world.Schema.Enums[f.Enum])
	case "Email":
		c.mails++
		return fmt.Sprintf("u%d@example.org", c.mails)
	case "ID":
		return c.label(one(c, c.world.Schema.Entities))
	}
	values, ok := domain[f.Scalar]
	if !ok {
		panic("no values of " + f.Scalar)
	}
	return one(c, values)
}

// label is a row of t, mostly one that fits the tenant, sometimes one that is not there.
func (c *caller) label(t *Type) string {
	rows := c.world.Rows[t]
	if c.tenant != nil && c.chance(90) {
		rows = slices.DeleteFunc(slices.Clone(rows), func(row *Row) bool { return c.world.Schema.Belongs(t) && c.world.TenantOf(row) != c.tenant })
	}
	if len(rows) == 0 || c.chance(3) {
		return t.Name + "99"
	}
	return one(c, rows).Label
}

// viewer is nobody, or an account that lives.
func (c *caller) viewer() string {
	var living []string
	for _, u := range c.world.Rows[c.world.Schema.Account] {
		if c.world.Lives(u) {
			living = append(living, u.Label)
		}
	}
	if len(living) == 0 || c.chance(20) {
		return ""
	}
	return one(c, living)
}

// creation makes a row, by the system or by somebody.
func (c *caller) creation(t *Type, as string) Step {
	s := Step{As: as, Do: "create", Entity: t.Name, Row: c.newLabel(t), Door: one(c, []string{"graphql", "rest"})}
	s.Values = c.newValues(t, as, nil, 2)
	return s
}

func (c *caller) newLabel(t *Type) string {
	c.made[t]++
	return fmt.Sprint(t.Name, c.made[t])
}

// newValues is the values of a row to be, of one that belongs to another by the reference by.
func (c *caller) newValues(t *Type, as string, by *Field, depth int) map[string]any {
	values := map[string]any{}
	for _, f := range t.Fields {
		if f.Auto || f.Computed != nil || f.Virtual || f == by {
			continue
		}
		if f.Parts() && as != "system" {
			if depth > 0 && c.chance(35) {
				values[f.Name] = map[string]any{"create": c.newParts(f, as, depth)}
			}
			continue
		}
		if f.List() && !f.Owner {
			continue
		}
		settable := as == "system" || !f.ReadOnly && !f.Internal
		needed := !f.Null && f.Given == nil && f.Default == nil && !f.List() && (t.By != f || c.tenant == nil)
		switch {
		case !settable && !c.chance(1), f.counts() && !c.chance(3):
		case f.List() && f.Bound == 0 && as != "system":
			if c.chance(40) {
				values[f.Name] = map[string]any{"link": c.json(f)}
			}
		case needed && !c.chance(1), c.chance(65):
			values[f.Name] = c.json(f)
			if f.Scalar == "String" && slices.ContainsFunc(t.Fields, func(slug *Field) bool { return slug.slugs() == f.Name }) {
				values[f.Name] = fmt.Sprintf("%s %d!", values[f.Name], c.IntN(100))
			}
		case f.Null && c.chance(30):
			values[f.Name] = nil
		}
		if f.refers() && f.Null && c.chance(30) {
			values[f.Name] = nil
		}
		if (f.List() || f.counts()) && values[f.Name] == nil {
			delete(values, f.Name)
		}
	}
	return values
}

// newParts is rows of a list to be made.
func (c *caller) newParts(f *Field, as string, depth int) []any {
	items := []any{}
	for range 1 + c.IntN(2) {
		values := c.newValues(f.Type, as, f.Inverse, depth-1)
		values[labelMember] = c.newLabel(f.Type)
		items = append(items, values)
	}
	return items
}

// change updates a row.
func (c *caller) change(t *Type, as string) (Step, bool) {
	s := Step{As: as, Do: "update", Entity: t.Name, Row: c.label(t), Door: one(c, []string{"graphql", "rest"})}
	s.Values = c.newer(t, as, c.world.find(s.Row), nil, 2)
	s.Met = c.version(s.Row)
	s.Patch = s.Door == "rest" && c.chance(50)
	return s, len(s.Values) > 0
}

// version is the version that a row must have: mostly any, or its own, and sometimes one that it had.
func (c *caller) version(label string) int {
	row := c.world.find(label)
	if row == nil || c.chance(70) {
		return 0
	}
	now := int(row.Values["version"].(int64))
	if c.chance(30) {
		return max(1, now-1+2*c.IntN(2))
	}
	return now
}

// newer is new values of a row, of one that belongs to another by the reference by.
func (c *caller) newer(t *Type, as string, row *Row, by *Field, depth int) map[string]any {
	values := map[string]any{}
	for _, f := range t.Fields {
		if f.Auto || f.Computed != nil || f.Virtual || f.Immutable || f == by || as != "system" && (f.ReadOnly || f.Internal) || !c.chance(30) && !(f.Parts() && c.chance(50)) && !(f.Scalar == "JSON" && c.chance(80)) {
			continue
		}
		if f.Parts() && as != "system" {
			if depth > 0 {
				values[f.Name] = c.changedParts(f, as, row, depth)
			}
			continue
		}
		if f.List() && (!f.Owner || f.Bound == 0 && as == "system") {
			continue
		}
		if f.List() && f.Bound == 0 {
			values[f.Name] = c.relinks(f, row)
			continue
		}
		values[f.Name] = c.json(f)
		if f.Null && c.chance(25) {
			values[f.Name] = nil
		}
		if f.Scalar == "value" && values[f.Name] != nil && c.chance(40) {
			for _, part := range f.Type.Fields { // some parts
				if c.chance(40) {
					delete(values[f.Name].(map[string]any), part.Name)
				}
			}
		} else if f.Scalar == "value" && values[f.Name] != nil {
			for _, part := range f.Type.Fields {
				if _, given := values[f.Name].(map[string]any)[part.Name]; !given {
					values[f.Name].(map[string]any)[part.Name] = nil
				}
			}
		}
	}
	return values
}

// relinks is rows to link and rows to unlink, mostly some that are linked.
func (c *caller) relinks(f *Field, row *Row) map[string]any {
	links := map[string]any{}
	if c.chance(70) {
		links["link"] = c.json(f)
	}
	if row != nil && c.chance(70) {
		unlink := []any{}
		for _, l := range c.world.Links(row, f) {
			if c.chance(50) {
				unlink = append(unlink, l.to.Label)
			}
		}
		if c.chance(30) {
			unlink = append(unlink, c.label(f.Type))
		}
		links["unlink"] = unlink
	}
	return links
}

// changedParts is what to do to the rows of a list: mostly to its own.
func (c *caller) changedParts(f *Field, as string, row *Row, depth int) map[string]any {
	asked := map[string]any{}
	if f.PartsOf("CREATE") && c.chance(50) {
		asked["create"] = c.newParts(f, as, depth)
	}
	var own []string
	if row != nil {
		for _, l := range c.world.Links(row, f) {
			own = append(own, l.to.Label)
		}
	}
	if c.chance(15) {
		own = append(own, c.label(f.Type))
	}
	c.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
	updates, deletes := []any{}, []any{}
	for i, label := range own {
		switch {
		case i == 3:
		case f.PartsOf("UPDATE") && c.chance(40):
			values := c.newer(f.Type, as, c.world.find(label), f.Inverse, depth-1)
			values["id"] = label
			if met := c.version(label); met != 0 {
				values["version"] = json.Number(fmt.Sprint(met))
			}
			updates = append(updates, values)
		case f.PartsOf("DELETE") && c.chance(60):
			deletes = append(deletes, label)
		}
	}
	if len(updates) > 0 {
		asked["update"] = updates
	}
	if len(deletes) > 0 {
		asked["delete"] = deletes
	}
	return asked
}

// exposed tells whether a door does verb with t.
func exposed(t *Type, verb string) bool { return !t.Internal && len(t.Allow[verb]) > 0 }

// step is what somebody asks next, now and then in a tenant: mostly something that is not refused.
func (c *caller) step() Step {
	label := c.settle()
	ask := one(c, []func() (Step, bool){c.reading, c.reading, c.reading, c.reading, c.reading, c.reading, c.writing, c.writing, c.writing, c.ruling})
	random := c.chance(25)
	for tries := 1; ; tries++ {
		s, ok := ask()
		switch {
		case !ok && tries > 40:
			ask = c.reading
			continue
		case !ok:
			continue
		}
		if label != "" && c.chance(60) && (s.As != "system" || c.chance(30)) {
			s.Tenant, s.ByKey = label, c.chance(40)
		}
		if random || tries > 12 || !c.world.refuses(&s) {
			return s
		}
	}
}

// settle chooses the tenant whose rows are named, and tells its label; empty where there is none.
func (c *caller) settle() string {
	c.tenant = nil
	t := c.world.Schema.Tenant
	if t == nil {
		return ""
	}
	label := c.label(t.Of)
	c.tenant = c.world.find(label)
	return label
}

// reading is a read at a door.
func (c *caller) reading() (Step, bool) {
	t := one(c, c.world.Schema.Entities)
	if !exposed(t, "READ") {
		return Step{}, false
	}
	return Step{As: c.viewer(), Do: "read", Read: c.read(t)}, true
}

// ruling is a write of business code, without rules.
func (c *caller) ruling() (Step, bool) {
	t := one(c, c.world.Schema.Entities)
	switch c.IntN(4) {
	case 0:
		return c.creation(t, "system"), true
	case 1:
		return Step{As: "system", Do: "delete", Entity: t.Name, Row: c.label(t)}, true
	case 2:
		return Step{As: "system", Do: "restore", Entity: t.Name, Row: c.buried(t)}, t.Soft
	}
	return c.change(t, "system")
}

// writing is a write at a door.
func (c *caller) writing() (Step, bool) {
	if c.chance(15) {
		return c.batch(c.viewer())
	}
	s, ok := c.write(one(c, c.world.Schema.Entities), c.viewer())
	s.Twice = s.Do == "create" && c.chance(25)
	return s, ok
}

func (c *caller) write(t *Type, as string) (Step, bool) {
	door := one(c, []string{"graphql", "rest"})
	if c.chance(25) { // whose rows are written with others
		if rich := slices.DeleteFunc(slices.Clone(c.world.Schema.Entities), func(t *Type) bool { return !exposed(t, "UPDATE") || !t.nests() }); len(rich) > 0 {
			return c.change(one(c, rich), as)
		}
	}
	switch c.IntN(7) {
	case 0, 1:
		return c.creation(t, as), exposed(t, "CREATE")
	case 2, 3, 4:
		s, ok := c.change(t, as)
		return s, ok && exposed(t, "UPDATE")
	case 5:
		s := Step{As: as, Do: "delete", Entity: t.Name, Row: c.label(t), Door: door}
		s.Met = c.version(s.Row)
		return s, exposed(t, "DELETE")
	}
	return Step{As: as, Do: "restore", Entity: t.Name, Row: c.buried(t), Door: door}, t.Soft && exposed(t, "DELETE")
}

// nests tells whether rows of t are written with rows of lists, or linked to them.
func (t *Type) nests() bool {
	return slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Parts() || f.Owner && f.Bound == 0 && !f.ReadOnly && !f.Internal })
}

// buried is mostly a row that was deleted.
func (c *caller) buried(t *Type) string {
	rows := slices.DeleteFunc(slices.Clone(c.world.Rows[t]), func(row *Row) bool { return !row.Deleted })
	if len(rows) == 0 || c.chance(10) {
		return c.label(t)
	}
	return one(c, rows).Label
}

// batch is several writes; those that come later may name what the earlier make.
func (c *caller) batch(as string) (Step, bool) {
	s := Step{As: as, Do: "batch", Twice: c.chance(25)}
	for range 2 + c.IntN(2) {
		part, ok := c.write(one(c, c.world.Schema.Entities), as)
		if !ok {
			continue
		}
		part.As, part.Door = "", ""
		for name, v := range part.Values {
			f := c.world.Schema.Types[part.Entity].Field(name)
			for _, before := range s.Batch {
				if _, isLabel := v.(string); isLabel && f.Scalar == "reference" && before.Do == "create" && f.Type.Name == before.Entity && c.chance(70) {
					part.Values[name] = before.Row
				}
			}
		}
		s.Batch = append(s.Batch, part)
	}
	if slices.ContainsFunc(s.Batch, func(part Step) bool {
		return part.Do != "create" && c.world.Schema.Tenant != nil && part.Entity == c.world.Schema.Tenant.Of.Name
	}) {
		s.Twice = false // a tenant that is gone, or is called something else now, is not found when it comes again
	}
	return s, len(s.Batch) > 0
}
