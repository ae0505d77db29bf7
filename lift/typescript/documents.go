package typescript

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
	"github.com/fettlehq/fettle/schema"
)

// Mongoose keeps documents of a schema, which the code writes out, or as a class of NestJS (https://mongoosejs.com/docs/guide.html,
// https://docs.nestjs.com/techniques/mongodb). A model is told as a table of its name, a path of its schema as a column, a reference as none: the
// database knows of no foreign keys.

// document is a model with its schema.
type document struct {
	name   string
	table  *schema.Table
	places []facts.Pos // of its indexes
	kept   bool        // as a fact
}

// findDocuments finds the models, once all names are known.
func (l *lifter) findDocuments() {
	l.documents, l.documentsOf = map[*decl]*document{}, map[*class]*document{}
	schemas := map[*decl]*document{} // by the variable that holds the schema
	for _, f := range l.order {
		if f.aside == "test" {
			continue
		}
		for _, s := range f.tree.Body {
			switch s := s.(type) {
			case *syntax.ClassDecl:
				if c := l.classes[s.Class]; c != nil && decorated(c.node.Decorators, "Schema") != nil && l.from(f, "Schema", "@nestjs/mongoose") {
					l.documentsOf[c] = l.classDocument(c)
				}
			case *syntax.Var:
				for _, v := range s.Names {
					if v.Pattern == nil || v.Init == nil {
						continue
					}
					if d := l.schemaOf(f, v.Init); d != nil {
						schemas[f.decls[v.Pattern.Name]] = d
					}
				}
			}
		}
	}
	if len(schemas) == 0 && len(l.documentsOf) == 0 {
		return
	}
	for _, f := range l.functions { // schema.index({…}), model("Name", schema)
		for _, s := range f.sites {
			switch calledName(s.call) {
			case "index":
				on, is := s.call.Fun.(*syntax.Select)
				if !is || len(s.call.Args) == 0 {
					continue
				}
				if id, is := unwrapped(on.X).(*syntax.Ident); is {
					if d := schemas[l.named(f.file, id.Name)]; d != nil {
						l.documentIndex(f.file, d, s.call)
					}
				}
			case "model":
				if len(s.call.Args) < 2 {
					continue
				}
				if id, is := unwrapped(s.call.Args[1]).(*syntax.Ident); is {
					if d := schemas[l.named(f.file, id.Name)]; d != nil && d.name == "" {
						d.name = l.constantIn(f.file, s.call.Args[0])
						l.keepDocument(f.file, d, s.call)
					}
				}
			}
		}
	}
	for _, f := range l.order { // export const User = model("User", schema)
		for _, d := range f.decls {
			if d.value == nil {
				continue
			}
			syntax.Walk(d.value, func(n syntax.Node) bool {
				if call, is := n.(*syntax.Call); is && calledName(call) == "model" && len(call.Args) > 1 {
					if id, is := unwrapped(call.Args[1]).(*syntax.Ident); is {
						if made := schemas[l.named(f, id.Name)]; made != nil {
							l.documents[d] = made
						}
					}
				}
				return true
			})
		}
	}
	for _, f := range l.order {
		for _, c := range l.allOf {
			if d := l.documentsOf[c]; d != nil && c.file == f {
				l.keepDocument(f, d, c.node)
			}
		}
	}
}

// schemaOf is the schema that an expression makes; nil for any other.
func (l *lifter) schemaOf(f *file, e syntax.Expr) *document {
	call, is := unwrapped(e).(*syntax.Call)
	if !is {
		return nil
	}
	switch {
	case call.New && calledName(call) == "Schema" && len(call.Args) > 0:
		o, is := unwrapped(call.Args[0]).(*syntax.Object)
		if !is {
			return nil
		}
		d := &document{table: &schema.Table{PrimaryKey: []string{"_id"}, Columns: []*schema.Column{{Name: "_id"}}}}
		for _, p := range o.Props {
			if p.Key != "" && !p.Spread {
				l.path(f, d, p.Key, p.Value, p)
			}
		}
		if len(call.Args) > 1 && strings.Contains(f.said(call.Args[1]), "timestamps") {
			d.table.Columns = append(d.table.Columns, &schema.Column{Name: "createdAt", Type: schema.DateTime}, &schema.Column{Name: "updatedAt", Type: schema.DateTime})
		}
		return d
	case calledName(call) == "createForClass" && len(call.Args) == 1:
		if id, is := unwrapped(call.Args[0]).(*syntax.Ident); is {
			if d := l.named(f, id.Name); d != nil && d.class != nil {
				return l.documentsOf[d.class]
			}
		}
	}
	return nil
}

// classDocument is the schema of a class.
func (l *lifter) classDocument(c *class) *document {
	d := &document{name: c.name, table: &schema.Table{Name: c.name, PrimaryKey: []string{"_id"}, Columns: []*schema.Column{{Name: "_id"}}}}
	for at, n := c, 0; at != nil && n < deepestType; at, n = at.extends, n+1 {
		for _, m := range at.node.Members {
			mark := decorated(m.Decorators, "Prop")
			if mark == nil {
				continue
			}
			var options syntax.Expr
			if len(mark.Args) > 0 {
				options = mark.Args[0]
			}
			l.path(at.file, d, m.Name, options, m)
			if t := l.typed(at.file, m.Type); t.plain == "boolean" {
				d.table.Columns[len(d.table.Columns)-1].Type = schema.Boolean
			}
		}
	}
	return d
}

// path adds a path of a schema, with the index that it asks for.
func (l *lifter) path(f *file, d *document, name string, said syntax.Expr, at syntax.Node) {
	column := &schema.Column{Name: name}
	d.table.Columns = append(d.table.Columns, column)
	o, is := unwrapped(said).(*syntax.Object)
	kind := said
	if is {
		kind = member(o, "type")
	}
	switch endName(kind) {
	case "Boolean":
		column.Type = schema.Boolean
	case "Number":
		column.Type = schema.Integer
	case "Date":
		column.Type = schema.DateTime
	}
	if !is {
		return
	}
	yes := func(key string) bool {
		e := unwrapped(member(o, key))
		literal, is := e.(*syntax.Literal)
		_, list := e.(*syntax.Array)
		_, options := e.(*syntax.Object)
		return is && literal.Value == "true" || list || options
	}
	if yes("unique") || yes("index") || yes("sparse") {
		d.table.Indexes = append(d.table.Indexes, &schema.Index{Name: name + "_1", Unique: yes("unique"), Parts: []schema.IndexPart{{Column: name}}})
		d.places = append(d.places, f.pos(at))
	}
}

// documentIndex adds an index: schema.index({a: 1, b: -1}, {unique: true}).
func (l *lifter) documentIndex(f *file, d *document, call *syntax.Call) {
	o, is := unwrapped(call.Args[0]).(*syntax.Object)
	if !is {
		return
	}
	i := &schema.Index{}
	for _, p := range o.Props {
		literal, is := unwrapped(p.Value).(*syntax.Literal)
		if p.Key == "" || p.Spread || is && literal.Kind == syntax.Text {
			return // of texts, of places
		}
		down := strings.HasPrefix(f.said(p.Value), "-")
		i.Name += p.Key + "_1_"
		i.Parts = append(i.Parts, schema.IndexPart{Column: p.Key, Descending: down})
	}
	i.Name = strings.TrimSuffix(i.Name, "_")
	if len(call.Args) > 1 {
		if options, is := unwrapped(call.Args[1]).(*syntax.Object); is {
			literal, is := unwrapped(member(options, "unique")).(*syntax.Literal)
			i.Unique = is && literal.Value == "true"
			if member(options, "partialFilterExpression") != nil {
				where := f.said(member(options, "partialFilterExpression"))
				i.Where = &schema.Predicate{Postgres: where, SQLite: where}
			}
		}
	}
	if len(i.Parts) > 0 {
		d.table.Indexes = append(d.table.Indexes, i)
		d.places = append(d.places, f.pos(call))
		if d.kept {
			l.placeIndex(d, len(d.places)-1)
		}
	}
}

// keepDocument makes the facts of a model.
func (l *lifter) keepDocument(f *file, d *document, at syntax.Node) {
	if d.kept || d.name == "" {
		return
	}
	d.kept, d.table.Name = true, d.name
	l.models = append(l.models, d)
	if l.facts.Models == nil {
		l.facts.Models = &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}, Declared: map[string]*facts.Declared{}}
	}
	m := l.facts.Models
	m.Schema.Tables = append(m.Schema.Tables, d.table)
	slices.SortStableFunc(m.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
	m.At[d.name] = f.pos(at)
	for n := range d.table.Indexes {
		l.placeIndex(d, n)
	}
	said := &facts.Declared{Index: "schema.index({ %s })", Unique: "schema.index({ %s }, { unique: true })", Fields: map[string]string{}, Immediate: true}
	for _, c := range d.table.Columns {
		said.Fields[c.Name] = c.Name + ": 1"
	}
	m.Declared[d.name] = said
}

// placeIndex says where an index of a model is declared, under a name that no other model's has.
func (l *lifter) placeIndex(d *document, n int) {
	i := d.table.Indexes[n]
	i.Name = d.name + "_" + i.Name
	l.facts.Models.At["index:"+i.Name] = d.places[n]
}
