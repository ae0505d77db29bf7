package golang

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// moduleFile ties a module together: its operations as an interface, its transaction, and its metadata.
func moduleFile(m *model.Model, module *model.Module) string {
	p := &printer{}
	p.comment(packageDoc(m, module))
	p.f("package %s", PackageName(module))
	if operated(module) {
		operations(p, module)
		outboxes(p, module)
	}
	transaction(p, module)
	modulePart(p, module)
	for _, e := range module.Entities {
		entityMeta(p, e)
		if e.History != nil {
			entityMeta(p, e.History)
		}
	}
	if len(module.Enums) > 0 {
		p.f("")
		p.f("var enums = []*meta.Enum{")
		for _, e := range module.Enums {
			enumMeta(p, e)
		}
		p.f("}")
	}
	if len(module.Values)+len(module.Inputs) > 0 {
		p.f("")
		p.f("var structs = []*meta.Struct{")
		for _, s := range module.Values {
			structMeta(p, s, false)
		}
		for _, s := range module.Inputs {
			structMeta(p, s, true)
		}
		p.f("}")
	}
	if len(own(module.Events)) > 0 {
		p.f("")
		p.f("var events = []*meta.Event{")
		for _, e := range own(module.Events) {
			eventMeta(p, e)
		}
		p.f("}")
	}
	if len(module.Operations) > 0 {
		p.f("")
		p.f("var operations = []*meta.Operation{")
		for _, o := range module.Operations {
			operationMeta(p, o)
		}
		p.f("}")
	}
	if len(module.Subscriptions) > 0 {
		p.f("")
		p.f("var subscriptions = []*meta.Operation{")
		for _, o := range module.Subscriptions {
			operationMeta(p, o)
		}
		p.f("}")
	}
	return p.String()
}

func packageDoc(m *model.Model, module *model.Module) string {
	doc := fmt.Sprintf("Package %s is the module %s of %s.", PackageName(module), module.Name, m.Name)
	if module.Doc != "" {
		doc += "\n\n" + strings.TrimSpace(module.Doc)
	}
	return doc
}

func operations(p *printer, m *model.Module) {
	p.f("")
	p.comment("Operations is the business operations of this module, which Business answers. Each runs in a transaction, " +
		"after its arguments were validated and its rules checked; an error undoes all that it wrote. Of an entity that is " +
		"returned only the id counts: it is read again, with what the caller asked for and may see.")
	p.f("type Operations interface {")
	for i, o := range m.Business() {
		if i > 0 {
			p.f("")
		}
		p.comment(operationDoc(o))
		p.f("%s", signature(o))
	}
	for i, method := range m.Methods() {
		if i > 0 || len(m.Business()) > 0 {
			p.f("")
		}
		p.comment(methodDoc(method))
		p.f("%s", methodSignature(method))
	}
	p.f("}")
	if codes := faults(m); len(codes) > 0 {
		p.f("")
		p.comment("The codes with which operations fail, for kit.Fail.")
		p.f("const (")
		for _, code := range codes {
			p.f("%s = %q", constant("Code", code), code)
		}
		p.f(")")
	}
}

// operationDoc is what the design says of an operation, or where it stands, and how it fails.
func operationDoc(o *model.Operation) string {
	doc := strings.TrimSpace(o.Doc)
	switch {
	case doc == "" && o.Internal:
		doc = exported(o.Name) + " is for the service itself: it opens no door."
	case doc == "":
		doc = fmt.Sprintf("%s answers %s and %s /v1%s.", exported(o.Name), o.Name, o.Method, o.Path)
	}
	if len(o.Fails) > 0 {
		codes := make([]string, len(o.Fails))
		for i, f := range o.Fails {
			codes[i] = f.Code
		}
		doc += " It may fail with " + strings.Join(codes, ", ") + "."
	}
	if len(o.Emits) > 0 {
		names := make([]string, len(o.Emits))
		for i, e := range o.Emits {
			names[i] = e.Name
		}
		doc += " It may emit " + strings.Join(names, ", ") + "."
	}
	if o.Deprecated != "" {
		doc += " Its callers are told that it is deprecated: " + o.Deprecated + "."
	}
	if o.Idempotent {
		doc += " Clients may repeat it: to do it twice is to do it once."
	}
	if o.Retryable {
		doc += " It may be called again with a fresh tx when its own collided with another: what it does outside of tx then happens twice."
	}
	return doc
}

// signature is the method of an operation, as it stands in the interface of its module.
func signature(o *model.Operation) string {
	params := []string{"ctx context.Context", "tx Tx"}
	if name := outboxName(o); name != "" {
		params = append(params, "events "+name)
	}
	for _, a := range o.Args {
		params = append(params, parameter(a.Name)+" "+typeOf(o.Module, a, true).declared(a.Null, a.Repeated))
	}
	return fmt.Sprintf("%s(%s) (%s, error)", exported(o.Name), strings.Join(params, ", "), resultType(o))
}

func resultType(o *model.Operation) string {
	return typeOf(o.Module, o.Result, true).declared(o.Result.Null, o.Result.Repeated)
}

func faults(m *model.Module) []string {
	var codes []string
	seen := map[string]bool{}
	for _, o := range m.Business() {
		for _, f := range o.Fails {
			if !seen[f.Code] {
				seen[f.Code] = true
				codes = append(codes, f.Code)
			}
		}
	}
	return codes
}

// transaction prints Tx: the stores of the module and of those that it uses.
func transaction(p *printer, m *model.Module) {
	p.f("")
	p.comment("Tx is the transaction of an operation: who asks, what time it is, and the stores.")
	p.f("type Tx struct {")
	p.f("*query.Tx")
	for _, e := range m.Entities {
		p.f("%s %sStore", pluralName(e), e.Name)
	}
	for _, used := range m.Uses {
		for _, e := range used.Entities {
			p.f("%s %s", pluralName(e), named(m, used, e.Name+"Store"))
		}
	}
	p.f("}")
	p.f("")
	p.comment("NewTx gives a transaction its stores.")
	p.f("func NewTx(tx *query.Tx) Tx {")
	for _, used := range m.Uses {
		if len(used.Entities) > 0 {
			p.f("%sTx := %s.NewTx(tx)", PackageName(used), qualifier(used))
		}
	}
	p.f("return Tx{")
	p.f("Tx: tx,")
	for _, e := range m.Entities {
		p.f("%s: %sStore{tx},", pluralName(e), e.Name)
	}
	for _, used := range m.Uses {
		for _, e := range used.Entities {
			p.f("%s: %sTx.%s,", pluralName(e), PackageName(used), pluralName(e))
		}
	}
	p.f("}")
	p.f("}")
	p.f("")
	p.comment("System is the same transaction without the rules of who may do what.")
	p.f("func (t Tx) System() Tx { return NewTx(t.Tx.System()) }")
}

// modulePart prints Module: what the service is told of the module.
func modulePart(p *printer, m *model.Module) {
	p.f("")
	if operated(m) {
		p.comment("Module is this module as the service knows it; ops answers its operations.")
		p.f("func Module(ops Operations) query.Module {")
	} else {
		p.comment("Module is this module as the service knows it.")
		p.f("func Module() query.Module {")
	}
	p.f("return query.Module{")
	if len(m.Entities) > 0 {
		var names []string
		for _, e := range m.Entities {
			names = append(names, metaName(e))
			if e.History != nil {
				names = append(names, metaName(e.History))
			}
		}
		p.f("Entities: []*meta.Entity{%s},", strings.Join(names, ", "))
	}
	if len(m.Enums) > 0 {
		p.f("Enums: enums,")
	}
	if len(m.Values)+len(m.Inputs) > 0 {
		p.f("Structs: structs,")
	}
	if len(own(m.Events)) > 0 {
		p.f("Events: events,")
	}
	if len(m.Operations) > 0 {
		p.f("Operations: operations,")
	}
	if len(m.Subscriptions) > 0 {
		p.f("Subscriptions: subscriptions,")
	}
	if operated(m) {
		p.f("Handlers: map[string]query.Handler{")
		for _, o := range m.Business() {
			handler(p, o)
		}
		for _, method := range m.Methods() {
			methodHandler(p, method)
		}
		p.f("},")
	}
	p.f("}")
	p.f("}")
}

// handler reads the arguments, calls the method and writes the result.
func handler(p *printer, o *model.Operation) {
	args := []string{"ctx", "NewTx(tx)"}
	if name := outboxName(o); name != "" {
		args = append(args, name+"{tx}")
	}
	for i, a := range o.Args {
		args = append(args, typeOf(o.Module, a, true).read(fmt.Sprintf("args[%d]", i), a.Null, a.Repeated))
	}
	name := "args"
	if len(o.Args) == 0 {
		name = "_"
	}
	t := typeOf(o.Module, o.Result, true)
	p.f("%q: func(ctx context.Context, tx *query.Tx, %s []any) (any, error) {", o.Name, name)
	p.f("result, err := ops.%s(%s)", exported(o.Name), strings.Join(args, ", "))
	switch {
	case o.Result.Repeated:
		p.f("if err != nil { return nil, err }")
		p.f("out := make([]any, len(result))")
		p.f("for i, v := range result { out[i] = %s }", written(t, "v", false))
		p.f("return out, nil")
	case t.Family == entity && o.Result.Null:
		p.f("if err != nil || result == nil { return nil, err }")
		p.f("return %s, nil", written(t, "result", false))
	default:
		p.f("if err != nil { return nil, err }")
		p.f("return %s, nil", written(t, "result", o.Result.Null))
	}
	p.f("},")
}

// written is a result in its canonical form: of an entity its id.
func written(t goType, v string, missing bool) string {
	if t.Family == entity {
		return "string(" + v + ".ID)"
	}
	return t.write(v, missing)
}
