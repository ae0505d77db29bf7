package typescript

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
	"github.com/fettlehq/fettle/schema"
)

// Classes of TypeORM describe tables by decorators (https://typeorm.io/docs/entity/entities). Names follow its DefaultNamingStrategy: a table is
// called as its class in snake case, a column as its property, and a key as the property of the relation with Id behind it; where the code
// uses a SnakeNamingStrategy, columns are in snake case too.

// entity is a class that is kept in a table.
type entity struct {
	class     *class
	table     string
	columns   map[string]*schema.Column // by property
	relations map[string]*relation
	order     []string
	key       []string // columns
	fact      *schema.Table
}

// relation is a property that holds rows of another entity.
type relation struct {
	to     *class
	column string // of this table that holds the key of the other; "" where it is on the other side, or in a table between
	list   bool
	back   string // the property of the other side
	eager  bool
}

// columnMarks are the decorators of a column, with what they say of it.
var columnMarks = map[string]schema.Type{
	"Column": "", "PrimaryColumn": "", "PrimaryGeneratedColumn": schema.Integer, "CreateDateColumn": schema.DateTime, "UpdateDateColumn": schema.DateTime, "DeleteDateColumn": schema.DateTime, "VersionColumn": schema.Integer, "ObjectIdColumn": schema.Text,
	"Generated": "",
}

// findEntities reads the entities: which table each is kept in.
func (l *lifter) findEntities() {
	l.entities = map[*class]*entity{}
	snakes := l.snakes()
	for _, c := range l.allOf {
		d := decorated(c.node.Decorators, "Entity", "ViewEntity", "ChildEntity")
		if d == nil || c.file.aside == "test" || !l.from(c.file, d.Name, "typeorm") {
			continue
		}
		e := &entity{class: c, table: facts.Snake(c.name), columns: map[string]*schema.Column{}, relations: map[string]*relation{}}
		for _, arg := range d.Args {
			if text := constantText(arg); text != "" {
				e.table = text
			}
			if o, is := unwrapped(arg).(*syntax.Object); is {
				if text := constantText(member(o, "name")); text != "" {
					e.table = text
				}
			}
		}
		if d.Name == "ChildEntity" && c.extends != nil && l.entities[c.extends] != nil {
			e.table = l.entities[c.extends].table
		}
		l.entities[c] = e
		l.entityOrder = append(l.entityOrder, e)
	}
	if len(l.entityOrder) == 0 {
		return
	}
	l.facts.Models = &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}, Declared: map[string]*facts.Declared{}}
	for _, e := range l.entityOrder {
		l.members(e, e.class, snakes)
		if len(e.key) == 0 && e.class.declares("id") { // a decorator of the code, or the program as it starts, makes it the key
			if e.columns["id"] == nil {
				e.columns["id"] = &schema.Column{Name: "id"}
				e.order = append(e.order, "id")
			}
			e.key = []string{e.columns["id"].Name}
		}
	}
	for _, e := range l.entityOrder {
		l.table(e)
	}
	slices.SortStableFunc(l.facts.Models.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
}

// declares reports whether a class, or one that it extends, has a field of a name.
func (c *class) declares(name string) bool {
	for n := 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
		if c.fields[name] != nil {
			return true
		}
	}
	return false
}

// from reports whether a name of a file is that of a library.
func (l *lifter) from(f *file, name, library string) bool {
	d := l.named(f, name)
	return d != nil && within(d.library, library)
}

// snakes reports whether the code names columns in snake case.
func (l *lifter) snakes() bool {
	for _, f := range l.order {
		for name := range f.decls {
			if strings.Contains(name, "SnakeNamingStrategy") {
				return true
			}
		}
	}
	return false
}

// members reads the properties of an entity, those of what it extends first.
func (l *lifter) members(e *entity, c *class, snakes bool) {
	if c.extends != nil && c.extends != c {
		l.members(e, c.extends, snakes)
	}
	named := func(name string) string {
		if snakes {
			return facts.Snake(name)
		}
		return name
	}
	for _, m := range c.node.Members {
		if m.Name == "" || e.columns[m.Name] != nil || e.relations[m.Name] != nil {
			continue
		}
		for _, d := range m.Decorators {
			if kind, is := columnMarks[d.Name]; is && d.Name != "Generated" {
				column := &schema.Column{Name: named(m.Name), Type: l.columnType(c.file, m, d, kind)}
				options := optionsOf(d)
				if options != nil {
					if text := constantText(member(options, "name")); text != "" {
						column.Name = text
					}
					if yes, is := unwrapped(member(options, "nullable")).(*syntax.Literal); is && yes.Value == "true" {
						column.Null = true
					}
				}
				if strings.HasPrefix(d.Name, "Primary") || d.Name == "ObjectIdColumn" {
					e.key = append(e.key, column.Name)
				}
				e.columns[m.Name] = column
				e.order = append(e.order, m.Name)
			}
			switch d.Name {
			case "ManyToOne", "OneToOne", "OneToMany", "ManyToMany":
				if r := l.relationOf(c, m, d, named); r != nil {
					e.relations[m.Name] = r
				}
			}
		}
	}
}

// optionsOf is the object of options that a decorator is given, nil for none.
func optionsOf(d *syntax.Decorator) *syntax.Object {
	for _, arg := range slices.Backward(d.Args) {
		if o, is := unwrapped(arg).(*syntax.Object); is {
			return o
		}
	}
	return nil
}

// columnType is the logical type of a column, by what its decorator says, else by that of the property.
func (l *lifter) columnType(f *file, m *syntax.Member, d *syntax.Decorator, kind schema.Type) schema.Type {
	said := ""
	for _, arg := range d.Args {
		if text := constantText(arg); text != "" {
			said = text
		}
	}
	if o := optionsOf(d); o != nil {
		if text := constantText(member(o, "type")); text != "" {
			said = text
		}
	}
	switch strings.ToLower(said) {
	case "uuid":
		return schema.UUID
	case "boolean", "bool":
		return schema.Boolean
	case "json", "jsonb", "simple-json":
		return schema.JSON
	case "timestamp", "timestamptz", "datetime":
		return schema.DateTime
	case "date":
		return schema.Date
	case "int", "integer", "smallint", "tinyint":
		return schema.Integer
	case "bigint":
		return schema.BigInt
	case "text", "varchar", "enum", "simple-enum", "simple-array", "char":
		return schema.Text
	}
	if kind != "" {
		return kind
	}
	if m.Type != nil {
		name := m.Type.Name
		for _, arm := range m.Type.Args {
			if m.Type.Kind == syntax.UnionType && !nothing(arm) {
				name = arm.Name
			}
		}
		switch name {
		case "number":
			return schema.Integer
		case "boolean":
			return schema.Boolean
		case "Date":
			return schema.DateTime
		}
	}
	return schema.Text
}

// relationOf reads a property that holds rows of another entity: ManyToOne(type => User, user => user.posts, {eager: true}).
func (l *lifter) relationOf(c *class, m *syntax.Member, d *syntax.Decorator, named func(string) string) *relation {
	r := &relation{list: strings.HasSuffix(d.Name, "ToMany")}
	for i, arg := range d.Args {
		switch x := unwrapped(arg).(type) {
		case *syntax.Func:
			name := endName(x.Value)
			if i == 0 {
				if t := l.typed(c.file, &syntax.Type{Kind: syntax.RefType, Name: name}); t.class != nil {
					r.to = t.class
				}
			} else {
				r.back = name
			}
		case *syntax.Ident:
			if t := l.typed(c.file, &syntax.Type{Kind: syntax.RefType, Name: x.Name}); i == 0 && t.class != nil {
				r.to = t.class
			}
		case *syntax.Literal:
			if i == 0 {
				for other := range l.entities {
					if other.name == x.Value || l.entities[other].table == x.Value {
						r.to = other
					}
				}
			} else {
				r.back = x.Value
			}
		case *syntax.Object:
			if yes, is := unwrapped(member(x, "eager")).(*syntax.Literal); is && yes.Value == "true" {
				r.eager = true
			}
		}
	}
	if r.to == nil {
		return nil
	}
	join := decorated(m.Decorators, "JoinColumn")
	if d.Name == "ManyToOne" || d.Name == "OneToOne" && join != nil {
		r.column = named(m.Name + "Id")
		if join != nil {
			if o := optionsOf(join); o != nil {
				if text := constantText(member(o, "name")); text != "" {
					r.column = text
				}
			}
		}
	}
	return r
}

// column is the column of a property; "" where it is none.
func (e *entity) column(property string) string {
	if c := e.columns[property]; c != nil {
		return c.Name
	}
	if r := e.relations[property]; r != nil {
		return r.column
	}
	return ""
}

// table makes the fact of an entity's table.
func (l *lifter) table(e *entity) {
	database := l.facts.Models
	t := &schema.Table{Name: e.table, PrimaryKey: e.key}
	if old := slices.IndexFunc(database.Schema.Tables, func(o *schema.Table) bool { return o.Name == e.table }); old >= 0 {
		t = database.Schema.Tables[old] // of a class that it extends, in the same table
	} else {
		database.Schema.Tables = append(database.Schema.Tables, t)
		database.At[e.table] = e.class.file.pos(e.class.node)
	}
	e.fact = t
	said := &facts.Declared{Index: "@Index([%s])", Unique: "@Unique([%s])", Fields: map[string]string{}}
	database.Declared[e.table] = said
	add := func(c *schema.Column) {
		if !slices.ContainsFunc(t.Columns, func(o *schema.Column) bool { return o.Name == c.Name }) {
			t.Columns = append(t.Columns, c)
		}
	}
	for _, name := range e.order {
		add(e.columns[name])
		said.Fields[e.columns[name].Name] = `"` + name + `"`
	}
	for c := e.class; c != nil; c = c.extends {
		l.indexes(e, c, t)
		for _, m := range c.node.Members {
			r := e.relations[m.Name]
			if r == nil || r.column == "" {
				continue
			}
			add(&schema.Column{Name: r.column, Type: schema.Integer, Null: true})
			if said.Fields[r.column] == "" {
				said.Fields[r.column] = `"` + m.Name + `"`
			}
			if to := l.entities[r.to]; to != nil && !slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool { return k.Columns[0] == r.column }) {
				t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{Name: "FK_" + e.table + "_" + r.column, Columns: []string{r.column}, Table: to.table, To: to.key, OnDelete: deletes(m)})
			}
			if decorated(m.Decorators, "OneToOne") != nil {
				l.index(t, &schema.Index{Name: "REL_" + e.table + "_" + r.column, Unique: true, Parts: []schema.IndexPart{{Column: r.column}}}, c.file.pos(m))
			}
		}
		if c.extends == c {
			break
		}
	}
}

// deletes is what a relation says that happens to a row when the one goes that it names.
func deletes(m *syntax.Member) schema.Action {
	for _, d := range m.Decorators {
		if o := optionsOf(d); o != nil {
			switch strings.ToUpper(constantText(member(o, "onDelete"))) {
			case "CASCADE":
				return schema.Cascade
			case "SET NULL":
				return schema.SetNull
			}
		}
	}
	return schema.Restrict
}

// indexes reads the decorators that make indexes, of a class and of its properties.
func (l *lifter) indexes(e *entity, c *class, t *schema.Table) {
	for _, d := range c.node.Decorators {
		if d.Name == "Index" || d.Name == "Unique" {
			if i := l.indexOf(e, d, nil); i != nil {
				l.index(t, i, c.file.pos(d))
			}
		}
	}
	for _, m := range c.node.Members {
		for _, d := range m.Decorators {
			switch {
			case d.Name == "Index" || d.Name == "Unique":
				if column := e.column(m.Name); column != "" {
					if i := l.indexOf(e, d, []string{column}); i != nil {
						l.index(t, i, c.file.pos(d))
					}
				}
			case columnMarks[d.Name] != "" || d.Name == "Column":
				o := optionsOf(d)
				if o == nil {
					continue
				}
				if yes, is := unwrapped(member(o, "unique")).(*syntax.Literal); is && yes.Value == "true" {
					l.index(t, &schema.Index{Name: "UQ_" + t.Name + "_" + e.column(m.Name), Unique: true, Parts: []schema.IndexPart{{Column: e.column(m.Name)}}}, c.file.pos(d))
				}
			}
		}
	}
}

// indexOf is the index that a decorator makes: of a property, or of those that it lists.
func (l *lifter) indexOf(e *entity, d *syntax.Decorator, columns []string) *schema.Index {
	i := &schema.Index{Unique: d.Name == "Unique"}
	for _, arg := range d.Args {
		switch x := unwrapped(arg).(type) {
		case *syntax.Literal:
			i.Name = x.Value
		case *syntax.Array:
			for _, item := range x.Items {
				columns = append(columns, e.column(constantText(item)))
			}
		case *syntax.Func: // (e: Order) => [e.customer, e.state]
			list, is := unwrapped(x.Value).(*syntax.Array)
			if !is {
				continue
			}
			for _, item := range list.Items {
				columns = append(columns, e.column(endName(item)))
			}
		case *syntax.Object:
			if yes, is := unwrapped(member(x, "unique")).(*syntax.Literal); is && yes.Value == "true" {
				i.Unique = true
			}
			if where := constantText(member(x, "where")); where != "" {
				i.Where = &schema.Predicate{Postgres: where, SQLite: where}
			}
			if yes, is := unwrapped(member(x, "fulltext")).(*syntax.Literal); is && yes.Value == "true" {
				i.Lists = true
			}
		}
	}
	for _, column := range columns {
		if column == "" {
			return nil
		}
		i.Parts = append(i.Parts, schema.IndexPart{Column: column})
	}
	if len(i.Parts) == 0 {
		return nil
	}
	if i.Name == "" {
		i.Name = "IDX_" + e.table + "_" + strings.Join(columns, "_")
	}
	return i
}

// index adds an index to a table, unless it is there.
func (l *lifter) index(t *schema.Table, i *schema.Index, at facts.Pos) {
	if slices.ContainsFunc(t.Indexes, func(o *schema.Index) bool { return slices.Equal(o.Parts, i.Parts) && o.Unique == i.Unique }) {
		return
	}
	t.Indexes = append(t.Indexes, i)
	l.facts.Models.At["index:"+i.Name] = at
}
