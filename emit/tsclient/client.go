package tsclient

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// client prints the client, its resources and its operations.
func (w *writer) client() {
	w.comment("", "Calls "+w.plan.Service+".", "")
	w.f("export class Client {")
	w.f("  readonly #core: Core;")
	for _, r := range w.plan.Resources {
		w.comment("  ", "", r.Entity.Deprecated)
		w.f("  readonly %s: %s;", w.names.members[r], w.names.resources[r])
	}
	w.f("")
	w.comment("  ", "A client of the service at a URL, such as https://api.example.com.", "")
	w.f("  constructor(url: string, config?: Config);")
	w.f("  constructor(url: string | Core, config: Config = {}) {")
	w.f("    const core = (this.#core = url instanceof Core ? url : new Core(url, config, %q));", client.Tenancy(w.plan.Tenant))
	for _, r := range w.plan.Resources {
		w.f("    this.%s = new %s(core);", w.names.members[r], w.names.resources[r])
	}
	w.f("  }")
	if t := w.plan.Tenant; t != nil {
		w.f("")
		w.comment("  ", "The client in one "+t.Entity.Singular+", which it names by key or id: there is nothing of any other. It shares the session.", "")
		w.f("  in(tenant: string): Client {")
		w.f("    return new (Client as unknown as new (core: Core) => Client)(this.#core.in(tenant));")
		w.f("  }")
	}
	w.account()
	if w.plan.Batch {
		w.f("")
		w.comment("  ", "Begins a batch, which send sends.", "")
		w.f("  batch(): RequestBatch {")
		w.f("    return new RequestBatch(this.#core);")
		w.f("  }")
	}
	for _, o := range w.plan.Operations {
		w.operation(o)
	}
	w.f("}")
	w.f("")
	for _, r := range w.plan.Resources {
		w.resource(r)
	}
}

func (w *writer) account() {
	a := w.plan.Account
	if a == nil {
		return
	}
	call := func(doc, name, parameters, path, body string) {
		w.f("")
		w.comment("  ", doc, "")
		w.f("  %s(%s, options: CallOptions = {}): Promise<void> {", name, parameters)
		w.f("    return this.#core.call({ operation: %q, method: \"POST\", path: %q, body: %s, nobody: true }, options).then(() => undefined);", name, path, body)
		w.f("  }")
	}
	login := a.Login.Name
	w.f("")
	w.comment("  ", "Begins a session, whose tokens the client keeps.", "")
	w.f("  signIn(login: string, password: string, options: CallOptions = {}): Promise<void> {")
	w.f("    return this.#core.signIn({ %s: login, password }, options);", property(login))
	w.f("  }")
	w.f("")
	w.comment("  ", "Ends the session.", "")
	w.f("  signOut(options: CallOptions = {}): Promise<void> {")
	w.f("    return this.#core.signOut(options);")
	w.f("  }")
	doc := "Makes an account."
	if a.Verify == model.BeforeSignIn {
		doc = "Makes an account, which can sign in once its address is proven."
	}
	call(doc, "register", "registration: "+w.names.objects[a.Registration], "/auth/register", "registration")
	call("Sends a letter with a link to set a new password, if the address has an account.", "forgot", "login: string", "/auth/forgot", "{ "+property(login)+": login }")
	call("Sets a new password, with the token of that link. All sessions end.", "reset", "token: string, password: string", "/auth/reset", "{ token, password }")
	if a.Verify == model.Never {
		return
	}
	call("Proves an address, with the token of the letter that was sent there.", "verify", "token: string", "/auth/verify", "{ token }")
	call("Sends the letter again.", "resend", "login: string", "/auth/resend", "{ "+property(login)+": login }")
}

func (w *writer) resource(r *client.Resource) {
	e, row, kinds := r.Entity, w.names.objects[r.Row], w.names.kinds[r.Row]
	w.comment("", "Reads and writes "+spell.Human(spell.UpperFirst(e.Plural))+".", "")
	w.f("export class %s {", w.names.resources[r])
	w.f("  readonly #core: Core;")
	w.f("")
	w.f("  constructor(core: Core) {")
	w.f("    this.#core = core;")
	w.f("  }")
	rows := fmt.Sprintf("Query<%s, %s, F, %s>", kinds.where, kinds.order, kinds.include)
	generic := "<const F extends " + kinds.field + " = never>"
	seen := fmt.Sprintf("Seen<%s, F>", row)
	method := func(doc, head, body string) {
		w.f("")
		w.comment("  ", doc, "")
		w.f("  %s {", head)
		w.f("    %s", body)
		w.f("  }")
	}
	if r.List {
		call := fmt.Sprintf("{ operation: %q, path: %q }", e.Plural, r.Path)
		method("A page of those that the viewer may see.",
			fmt.Sprintf("list%s(query: %s = {}, options: CallOptions = {}): Promise<PageOf<%s>>", generic, rows, seen),
			fmt.Sprintf("return this.#core.list(%s, query, options);", call))
		method("All that fit, page by page.",
			fmt.Sprintf("all%s(query: %s = {}, options: CallOptions = {}): AsyncGenerator<%s, void, undefined>", generic, rows, seen),
			fmt.Sprintf("return this.#core.all(%s, query, options);", call))
	}
	if r.Figures != nil {
		var groups, measured []string
		for _, k := range door.GroupKeys(e) {
			groups = append(groups, k.Name("."))
		}
		for _, statistic := range door.Statistics {
			for _, k := range door.Measured(e, statistic) {
				if name := k.Name("."); !slices.Contains(measured, name) {
					measured = append(measured, name)
				}
			}
		}
		method("Counts and sums those that the viewer may see, in groups where groupBy says so.",
			fmt.Sprintf("aggregate(what: Aggregation<%s, %s, %s>, options: CallOptions = {}): Promise<GroupsOf<%s>>", kinds.where, union(groups), union(measured), w.names.objects[r.Figures]),
			fmt.Sprintf("return this.#core.aggregate({ operation: %q, path: %q }, what, options);", e.Plural+"Aggregate", r.Path+":aggregate"))
	}
	by := "its id"
	if e.Key.Name != "id" {
		by = "its " + e.Key.Name + " or its id"
	}
	options := fmt.Sprintf("options: RowOptions<F, %s> = {}", kinds.include)
	if r.Get {
		method(fmt.Sprintf("One by %s. One that the viewer may not see is NOT_FOUND.", by),
			fmt.Sprintf("get%s(key: ID, %s): Promise<%s>", generic, options, seen),
			fmt.Sprintf("return this.#core.call({ operation: %q, method: \"GET\", path: this.#core.row(%q, key) }, options);", e.Singular, r.Path))
	}
	if r.Create != nil {
		doc, made := fmt.Sprintf("Makes %s.", article(e.Name)), seen
		if !door.SeenByAll(e) {
			doc, made = doc+" It is only its id where the viewer may not see it: whole is the row.", "Ref<"+seen+">"
		}
		method(doc,
			fmt.Sprintf("create%s(row: %s, %s): Promise<%s>", generic, w.names.objects[r.Create], options, made),
			fmt.Sprintf("return this.#core.call({ operation: %q, method: \"POST\", path: %q, body: row, keyed: true }, options);", "create"+e.Name, r.Path))
	}
	if r.Update != nil {
		method("Changes one, with ifMatch only where the version is still its. Undefined is what the viewer may no longer see.",
			fmt.Sprintf("update%s(key: ID, patch: %s, %s): Promise<%s | undefined>", generic, w.names.objects[r.Update], options, seen),
			fmt.Sprintf("return this.#core.call({ operation: %q, method: \"PATCH\", path: this.#core.row(%q, key), body: patch, keyed: true }, options);", "update"+e.Name, r.Path))
	}
	if r.Delete {
		method("Deletes one, with ifMatch only where the version is still its.",
			"delete(key: ID, options: CallOptions = {}): Promise<void>",
			fmt.Sprintf("return this.#core.call({ operation: %q, method: \"DELETE\", path: this.#core.row(%q, key), keyed: true }, options);", "delete"+e.Name, r.Path))
	}
	if r.Restore {
		method("Brings a deleted one back. Undefined is what the viewer may not see.",
			fmt.Sprintf("restore%s(key: ID, %s): Promise<%s | undefined>", generic, options, seen),
			fmt.Sprintf("return this.#core.call({ operation: %q, method: \"POST\", path: this.#core.row(%q, key, \"/restore\"), keyed: true }, options);", "restore"+e.Name, r.Path))
	}
	if r.History != nil {
		entry, of := w.names.objects[r.History], w.names.kinds[r.History]
		method("Who changed what in one, the latest first.",
			fmt.Sprintf("history<const F extends %s = never>(key: ID, query: Query<%s, %s, F, %s> = {}, options: CallOptions = {}): Promise<PageOf<Seen<%s, F>>>", of.field, of.where, of.order, of.include, entry),
			fmt.Sprintf("return this.#core.list({ operation: %q, path: this.#core.row(%q, key, \"/history\") }, query, options);", r.History.Entity.Singular, r.Path))
	}
	w.f("}")
	w.f("")
}

func (w *writer) operation(o *client.Operation) {
	name := w.names.operations[o]
	args := ""
	if o.Args != nil {
		args = "args: " + w.names.objects[o.Args] + ", "
		if !slices.ContainsFunc(o.Args.Members, func(m client.Member) bool { return !m.Optional }) {
			args = "args: " + w.names.objects[o.Args] + " = {}, "
		}
	}
	path, before, rest := w.split(o)
	passed := "path: " + path
	if rest != "" && o.InBody {
		passed += ", body: " + rest
	} else if rest != "" {
		passed += ", query: this.#core.parameters(" + rest + ")"
	}
	print := func(suffix, doc, generic, parameters, result, call string) {
		w.f("")
		w.comment("  ", doc, o.Deprecated)
		w.f("  %s%s%s(%s%s): %s {", name, suffix, generic, args, parameters, result)
		for _, line := range before {
			w.f("    %s", line)
		}
		w.f("    return this.#core.%s;", call)
		w.f("  }")
	}
	if o.Page != nil {
		kinds, row := w.names.kinds[o.Page], w.names.objects[o.Page]
		generic := "<const F extends " + kinds.field + " = never>"
		parameters := fmt.Sprintf("query: Query<%s, %s, F, %s> = {}, options: CallOptions = {}", kinds.where, kinds.order, kinds.include)
		call := fmt.Sprintf("({ operation: %q, %s }, query, options)", o.Name, passed)
		print("", o.Doc, generic, parameters, fmt.Sprintf("Promise<PageOf<Seen<%s, F>>>", row), "list"+call)
		print("All", name+", page by page.", generic, parameters, fmt.Sprintf("AsyncGenerator<Seen<%s, F>, void, undefined>", row), "all"+call)
		return
	}
	generic, parameters, result := "", "options: CallOptions = {}", w.names.all(*o.Result)
	if row := o.Result.Object; row != nil && row.Role == client.Row {
		kinds := w.names.kinds[row]
		generic = "<const F extends " + kinds.field + " = never>"
		parameters = fmt.Sprintf("options: RowOptions<F, %s> = {}", kinds.include)
		result = fmt.Sprintf("Seen<%s, F>", w.names.objects[row])
		if o.Result.List {
			result += "[]"
		}
	}
	if o.Null && result != "Json" {
		result += " | null"
	}
	if o.Kind == model.Mutation {
		passed += ", keyed: true"
	}
	print("", o.Doc, generic, parameters, "Promise<"+result+">",
		fmt.Sprintf("call({ operation: %q, method: %q, %s }, options)", o.Name, cmp.Or(o.Method, "POST"), passed))
}

// split parts the arguments of an operation: those in its path, as an expression of that, and the rest, as an object.
func (w *writer) split(o *client.Operation) (path string, before []string, rest string) {
	path = o.Path
	if o.Args == nil {
		return fmt.Sprintf("%q", path), nil, ""
	}
	var taken, others []string
	for _, m := range o.Args.Members {
		if i := slices.Index(o.InPath, m.Name); i >= 0 {
			taken = append(taken, fmt.Sprintf("%s: in%d", property(m.Name), i))
			path = strings.Replace(path, "{"+m.Name+"}", fmt.Sprintf("${segmentOf(in%d)}", i), 1)
			continue
		}
		value := "args." + m.Name
		switch {
		case m.Type.Kind == client.Scalar && m.Type.Scalar == model.JSON:
			value = "JSON.stringify(" + value + ")"
		case m.Type.Kind == client.Struct && m.Type.List:
			value += "?.map((one) => JSON.stringify(one))"
		}
		others = append(others, property(m.Name)+": "+value)
	}
	switch {
	case len(taken) == 0:
		path = fmt.Sprintf("%q", path)
		rest = "args"
	case len(others) == 0:
		before = []string{"const { " + strings.Join(taken, ", ") + " } = args;"}
		path = "`" + path + "`"
	default:
		before = []string{"const { " + strings.Join(taken, ", ") + ", ...body } = args;"}
		path = "`" + path + "`"
		rest = "body"
	}
	if !o.InBody && len(others) > 0 {
		rest = "{ " + strings.Join(others, ", ") + " }"
		if len(taken) > 0 {
			before = []string{"const { " + strings.Join(taken, ", ") + " } = args;"}
		}
	}
	return path, before, rest
}
