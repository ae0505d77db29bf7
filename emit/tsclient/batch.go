package tsclient

import (
	"cmp"
	"fmt"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// batch prints what collects several writes.
func (w *writer) batch() {
	if !w.plan.Batch {
		return
	}
	var resources []*client.Resource
	for _, r := range w.plan.Resources {
		if r.Writes() {
			resources = append(resources, r)
		}
	}
	w.comment("", "Several writes that happen together or not at all. What one makes is named in those behind it by its id.", "")
	w.f("export class RequestBatch {")
	w.f("  readonly #batch: Batch;")
	for _, r := range resources {
		w.f("  readonly %s: %s;", w.names.batched[r], w.names.batches[r])
	}
	w.f("")
	w.f("  constructor(core: Core) {")
	w.f("    const batch = (this.#batch = new Batch(core));")
	for _, r := range resources {
		w.f("    this.%s = new %s(batch);", w.names.batched[r], w.names.batches[r])
	}
	w.f("  }")
	w.f("")
	w.comment("  ", "Sends the batch. One that failed may be sent again: it is done once. Fields of its error are those of a part: requests.1.quantity.", "")
	w.f("  send(options: CallOptions = {}): Promise<void> {")
	w.f("    return this.#batch.send(options);")
	w.f("  }")
	for _, o := range w.plan.Operations {
		if o.Kind == model.Mutation {
			w.part(o)
		}
	}
	w.f("}")
	w.f("")
	for _, r := range resources {
		w.batched(r)
	}
}

// part prints an operation in a batch.
func (w *writer) part(o *client.Operation) {
	path, before, rest := w.split(o)
	if rest != "" && !o.InBody {
		return // parameters of a deletion
	}
	args := ""
	if o.Args != nil {
		args = "args: " + w.names.objects[o.Args]
	}
	if rest != "" {
		rest = ", body: " + rest
	}
	result := w.names.all(*o.Result)
	if o.Null && result != "Json" {
		result += " | null"
	}
	w.f("")
	w.comment("  ", o.Doc, o.Deprecated)
	w.f("  %s(%s): Pending<%s> {", w.names.parts[o], args, result)
	for _, line := range before {
		w.f("    %s", line)
	}
	w.f("    return this.#batch.add({ method: %q, path: %s%s });", cmp.Or(o.Method, "POST"), path, rest)
	w.f("  }")
}

// batched prints the writes of a resource in a batch.
func (w *writer) batched(r *client.Resource) {
	row := w.names.objects[r.Row]
	w.comment("", "Adds writes of "+spell.Human(spell.UpperFirst(r.Entity.Plural))+" to a batch.", "")
	w.f("export class %s {", w.names.batches[r])
	w.f("  readonly #batch: Batch;")
	w.f("")
	w.f("  constructor(batch: Batch) {")
	w.f("    this.#batch = batch;")
	w.f("  }")
	method := func(head, result, part, options string) {
		w.f("")
		w.f("  %s: Pending<%s> {", head, result)
		w.f("    return this.#batch.add({ %s }%s);", part, options)
		w.f("  }")
	}
	if r.Create != nil {
		made := row
		if !door.SeenByAll(r.Entity) {
			made = "Ref<" + row + ">" // only its id where the viewer may not see it
		}
		method(fmt.Sprintf("create(row: %s)", w.names.objects[r.Create]), made, fmt.Sprintf("method: \"POST\", path: %q, body: row", r.Path), "")
	}
	if r.Update != nil {
		method(fmt.Sprintf("update(key: ID, patch: %s, options?: PartOptions)", w.names.objects[r.Update]), row+" | undefined",
			fmt.Sprintf("method: \"PATCH\", path: this.#batch.row(%q, key), body: patch", r.Path), ", options")
	}
	if r.Delete {
		method("delete(key: ID, options?: PartOptions)", "undefined", fmt.Sprintf("method: \"DELETE\", path: this.#batch.row(%q, key)", r.Path), ", options")
	}
	if r.Restore {
		method("restore(key: ID)", row+" | undefined", fmt.Sprintf("method: \"POST\", path: this.#batch.row(%q, key, \"/restore\")", r.Path), "")
	}
	w.f("}")
	w.f("")
}
