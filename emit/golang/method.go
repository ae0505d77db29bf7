package golang

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// methodName is the method that works out a field: "OrderDaysLeft".
func methodName(m model.Method) string { return m.Entity.Name + exported(m.Field.Name) }

// methodSignature is the method of a field, as it stands in the interface of its module.
func methodSignature(m model.Method) string {
	f := m.Field
	value := typeOf(m.Entity.Module, f, false).declared(f.Null, f.Repeated)
	return fmt.Sprintf("%s(ctx context.Context, tx Tx, %s []%s) ([]%s, error)", methodName(m), parameter(m.Entity.Plural), m.Entity.Name, value)
}

func methodDoc(m model.Method) string {
	doc := methodName(m) + " works out " + m.Field.Name + " of " + human(m.Entity.Plural) + ": a value for each, in their order. It is called once for all that a " +
		"selection reads, with the rows whole, whoever asks."
	if said := strings.TrimSpace(m.Field.Doc); said != "" {
		doc += "\n\n" + said
	}
	return doc
}

// methodStub is the method of a field, to paste and to fill in.
func methodStub(m model.Method) string {
	p := &printer{}
	if doc := strings.TrimSpace(m.Field.Doc); doc != "" {
		p.comment(doc)
	}
	p.f("func (b *Business) %s {", methodSignature(m))
	p.f("\treturn nil, errors.New(%q)", m.Entity.Name+"."+m.Field.Name+" is not written yet")
	p.f("}")
	return p.String()
}

// methodHandler reads the rows, calls the method and writes the values.
func methodHandler(p *printer, m model.Method) {
	f := m.Field
	t := typeOf(m.Entity.Module, f, false)
	value := t.write("v", f.Null)
	if f.Repeated {
		value = "typed.Items(v, " + t.item() + ")"
	}
	p.f("%q: func(ctx context.Context, tx *query.Tx, args []any) (any, error) {", m.Entity.Name+"."+f.Name)
	p.f("result, err := ops.%s(ctx, NewTx(tx), typed.List(args[0], %sOf))", methodName(m), m.Entity.Name)
	p.f("if err != nil { return nil, err }")
	p.f("out := make([]any, len(result))")
	p.f("for i, v := range result { out[i] = %s }", value)
	p.f("return out, nil")
	p.f("},")
}
