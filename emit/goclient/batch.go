package goclient

import (
	"cmp"
	"fmt"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// batch prints what collects several writes.
func (w *writer) batch() {
	var resources []*client.Resource
	for _, r := range w.plan.Resources {
		if r.Writes() {
			resources = append(resources, r)
		}
	}
	w.comment("RequestBatch is several writes that happen together or not at all. What one makes is named in those behind it by Pending.ID.")
	w.f("type RequestBatch struct {")
	w.f("batch *batch")
	w.f("")
	for _, r := range resources {
		w.f("%s %s", w.names.batched[r], w.names.batches[r])
	}
	w.f("}")
	w.f("")
	w.comment("Batch begins a batch, which Send sends.")
	w.f("func (c *Client) Batch() *RequestBatch {")
	w.f("b := newBatch(c.core)")
	w.f("return &RequestBatch{")
	w.f("batch: b,")
	for _, r := range resources {
		w.f("%s: %s{b},", w.names.batched[r], w.names.batches[r])
	}
	w.f("}")
	w.f("}")
	w.f("")
	w.comment("Send sends the batch. One that failed may be sent again: it is done once. Fields of its error are those of a part: \"requests.1.quantity\".")
	w.f("func (b *RequestBatch) Send(ctx context.Context, o ...CallOption) error { return b.batch.send(ctx, o) }")
	w.f("")
	for _, r := range resources {
		w.batched(r)
	}
	for _, o := range w.plan.Operations {
		if o.Kind == model.Mutation && !inQuery(o) {
			name, args := w.names.parts[o], ""
			if o.Args != nil {
				args = "a " + w.names.objects[o.Args] + ", "
			}
			w.comment(name + " adds the operation " + o.Name + ".")
			w.f("func (b *RequestBatch) %s(%so ...CallOption) *Pending[%s] {", name, args, w.result(o))
			w.f("return add[%s](b.batch, request{operation: %q, method: %q, path: %s%s}, o)", w.result(o), o.Name, cmp.Or(o.Method, "POST"), w.path(o), w.body(o))
			w.f("}")
			w.f("")
		}
	}
}

// batched prints the writes of a resource in a batch.
func (w *writer) batched(r *client.Resource) {
	e, row, typ := r.Entity, w.names.objects[r.Row], w.names.batches[r]
	one := client.Article(spell.Human(e.Name))
	w.comment(typ + " adds writes of " + spell.Human(spell.UpperFirst(e.Plural)) + " to a batch.")
	w.f("type %s struct{ batch *batch }", typ)
	w.f("")
	method := func(doc, name, parameters, result, request string) {
		w.comment(name + " adds " + doc + " of " + one + ".")
		w.f("func (b %s) %s(%so ...CallOption) *Pending[%s] {", typ, name, parameters, result)
		w.f("return add[%s](b.batch, request{%s}, o)", result, request)
		w.f("}")
		w.f("")
	}
	if r.Create != nil {
		method("the creation", "Create", "n "+w.names.objects[r.Create]+", ", row, fmt.Sprintf("operation: %q, method: \"POST\", path: %q, body: n", "create"+e.Name, r.Path))
	}
	if r.Update != nil {
		method("a change", "Update", "key ID, p "+w.names.objects[r.Update]+", ", row, fmt.Sprintf("operation: %q, method: \"PATCH\", path: row(%q, key, \"\"), body: p", "update"+e.Name, r.Path))
	}
	if r.Delete {
		method("the deletion", "Delete", "key ID, ", "struct{}", fmt.Sprintf("operation: %q, method: \"DELETE\", path: row(%q, key, \"\")", "delete"+e.Name, r.Path))
	}
	if r.Restore {
		method("the return", "Restore", "key ID, ", row, fmt.Sprintf("operation: %q, method: \"POST\", path: row(%q, key, \"/restore\")", "restore"+e.Name, r.Path))
	}
}
