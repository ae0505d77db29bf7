package goclient

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// client prints the client, its resources and its operations.
func (w *writer) client() {
	w.comment(fmt.Sprintf("Package client calls %s over its REST door.\n\nA call that failed for now is sent again (see Retry), a write under a key by which it is done once; "+
		"whose session has ended is signed in anew by his refresh token. What the service refuses is an *Error.", w.plan.Service))
	w.f("")
	w.comment("Client calls " + w.plan.Service + ". Its methods may be called at the same time.")
	w.f("type Client struct {")
	w.f("core *core")
	w.f("")
	for _, r := range w.plan.Resources {
		w.f("%s %s%s", w.names.members[r], w.names.resources[r], trailing("", r.Entity.Deprecated))
	}
	w.f("}")
	w.f("")
	w.comment("New makes a client of the service at a URL, such as https://api.example.com.")
	w.f("func New(baseURL string, o Config) (*Client, error) {")
	w.f("c, err := newCore(baseURL, o, %q)", client.Tenancy(w.plan.Tenant))
	w.f("if err != nil {")
	w.f("return nil, err")
	w.f("}")
	w.f("return newClient(c), nil")
	w.f("}")
	w.f("")
	w.f("func newClient(c *core) *Client {")
	w.f("return &Client{")
	w.f("core: c,")
	for _, r := range w.plan.Resources {
		w.f("%s: %s{c},", w.names.members[r], w.names.resources[r])
	}
	w.f("}")
	w.f("}")
	w.f("")
	if t := w.plan.Tenant; t != nil {
		w.comment("In is the client in one " + t.Entity.Singular + ", which it names by key or id: there is nothing of any other. It shares the session.")
		w.f("func (c *Client) In(%s string) *Client { return newClient(c.core.in(%s)) }", "tenant", "tenant")
		w.f("")
	}
	if w.plan.Account != nil {
		w.account()
	}
	for _, r := range w.plan.Resources {
		w.resource(r)
	}
	for _, o := range w.plan.Operations {
		w.operation(o)
	}
	if w.plan.Batch {
		w.batch()
	}
}

func (w *writer) account() {
	a := w.plan.Account
	login := spell.LowerFirst(spell.Exported(a.Login.Name))
	w.comment("SignIn begins a session, whose tokens the client keeps.")
	w.f("func (c *Client) SignIn(ctx context.Context, %s, password string) error {", login)
	w.f("return c.core.signIn(ctx, map[string]string{%q: %s, \"password\": password})", a.Login.Name, login)
	w.f("}")
	w.f("")
	w.comment("SignOut ends the session.")
	w.f("func (c *Client) SignOut(ctx context.Context) error { return c.core.signOut(ctx) }")
	w.f("")
	w.comment("Register makes an account" + map[model.Verify]string{
		model.BeforeSignIn: ", which can sign in once its address is proven", model.Later: "", model.Never: "",
	}[a.Verify] + ".")
	w.f("func (c *Client) Register(ctx context.Context, r %s) error {", w.names.objects[a.Registration])
	w.f("return c.core.do(ctx, request{operation: \"register\", method: \"POST\", path: \"/auth/register\", body: r, nobody: true}, nil)")
	w.f("}")
	w.f("")
	w.comment("Forgot sends a letter with a link to set a new password, if the address has an account.")
	w.f("func (c *Client) Forgot(ctx context.Context, %s string) error {", login)
	w.f("return c.core.do(ctx, request{operation: \"forgot\", method: \"POST\", path: \"/auth/forgot\", body: map[string]string{%q: %s}, nobody: true}, nil)", a.Login.Name, login)
	w.f("}")
	w.f("")
	w.comment("Reset sets a new password, with the token of that link. All sessions end.")
	w.f("func (c *Client) Reset(ctx context.Context, token, password string) error {")
	w.f("return c.core.do(ctx, request{operation: \"reset\", method: \"POST\", path: \"/auth/reset\", body: map[string]string{\"token\": token, \"password\": password}, nobody: true}, nil)")
	w.f("}")
	w.f("")
	if a.Verify == model.Never {
		return
	}
	w.comment("Verify proves an address, with the token of the letter that was sent there.")
	w.f("func (c *Client) Verify(ctx context.Context, token string) error {")
	w.f("return c.core.do(ctx, request{operation: \"verify\", method: \"POST\", path: \"/auth/verify\", body: map[string]string{\"token\": token}, nobody: true}, nil)")
	w.f("}")
	w.f("")
	w.comment("Resend sends the letter again.")
	w.f("func (c *Client) Resend(ctx context.Context, %s string) error {", login)
	w.f("return c.core.do(ctx, request{operation: \"resend\", method: \"POST\", path: \"/auth/resend\", body: map[string]string{%q: %s}, nobody: true}, nil)", a.Login.Name, login)
	w.f("}")
	w.f("")
}

func (w *writer) resource(r *client.Resource) {
	e, row, typ := r.Entity, w.names.objects[r.Row], w.names.resources[r]
	many, one := spell.Human(spell.UpperFirst(e.Plural)), spell.Human(e.Name)
	w.comment(fmt.Sprintf("%s reads and writes %s.", typ, many))
	w.f("type %s struct{ core *core }", typ)
	w.f("")
	if r.List {
		w.comment("List reads a page of those that the viewer may see.")
		w.f("func (r %s) List(ctx context.Context, q Query[%s], o ...CallOption) (PageOf[%s], error) {", typ, row, row)
		w.f("return list(ctx, r.core, request{operation: %q, path: %q}, q, o)", e.Plural, r.Path)
		w.f("}")
		w.f("")
		w.comment("All reads all that fit, page by page.")
		w.f("func (r %s) All(ctx context.Context, q Query[%s], o ...CallOption) iter.Seq2[%s, error] {", typ, row, row)
		w.f("return all(ctx, r.core, request{operation: %q, path: %q}, q, o)", e.Plural, r.Path)
		w.f("}")
		w.f("")
	}
	if r.Figures != nil {
		figures := w.names.objects[r.Figures]
		w.comment("Aggregate counts and sums those that the viewer may see, in groups where GroupBy says so.")
		w.f("func (r %s) Aggregate(ctx context.Context, a Aggregation[%s], o ...CallOption) (GroupsOf[%s], error) {", typ, row, figures)
		w.f("return aggregate[%s, %s](ctx, r.core, request{operation: %q, path: %q}, a, o)", row, figures, e.Plural+"Aggregate", r.Path+":aggregate")
		w.f("}")
		w.f("")
	}
	by := "its id"
	if e.Key.Name != "id" {
		by = "its " + e.Key.Name + " or its id"
	}
	if r.Get {
		w.comment(fmt.Sprintf("Get reads one %s, by %s. One that the viewer may not see is CodeNotFound.", one, by))
		w.f("func (r %s) Get(ctx context.Context, key ID, o ...CallOption) (%s, error) {", typ, row)
		w.f("return call[%s](ctx, r.core, request{operation: %q, method: \"GET\", path: row(%q, key, \"\")}, o)", row, e.Singular, r.Path)
		w.f("}")
		w.f("")
	}
	if r.Create != nil {
		w.comment(fmt.Sprintf("Create makes %s. It has only its id where the viewer may not see it.", client.Article(one)))
		w.f("func (r %s) Create(ctx context.Context, n %s, o ...CallOption) (%s, error) {", typ, w.names.objects[r.Create], row)
		w.f("return call[%s](ctx, r.core, request{operation: %q, method: \"POST\", path: %q, body: n, keyed: true}, o)", row, "create"+e.Name, r.Path)
		w.f("}")
		w.f("")
	}
	if r.Update != nil {
		w.comment(fmt.Sprintf("Update changes the %s with a key or an id, with IfMatch only where the version is still its. Without an id it is what the viewer may no longer see.", one))
		w.f("func (r %s) Update(ctx context.Context, key ID, p %s, o ...CallOption) (%s, error) {", typ, w.names.objects[r.Update], row)
		w.f("return call[%s](ctx, r.core, request{operation: %q, method: \"PATCH\", path: row(%q, key, \"\"), body: p, keyed: true}, o)", row, "update"+e.Name, r.Path)
		w.f("}")
		w.f("")
	}
	if r.Delete {
		w.comment(fmt.Sprintf("Delete deletes the %s with a key or an id, with IfMatch only where the version is still its.", one))
		w.f("func (r %s) Delete(ctx context.Context, key ID, o ...CallOption) error {", typ)
		w.f("return discard(ctx, r.core, request{operation: %q, method: \"DELETE\", path: row(%q, key, \"\"), keyed: true}, o)", "delete"+e.Name, r.Path)
		w.f("}")
		w.f("")
	}
	if r.Restore {
		w.comment(fmt.Sprintf("Restore brings a deleted %s back.", one))
		w.f("func (r %s) Restore(ctx context.Context, key ID, o ...CallOption) (%s, error) {", typ, row)
		w.f("return call[%s](ctx, r.core, request{operation: %q, method: \"POST\", path: row(%q, key, \"/restore\"), keyed: true}, o)", row, "restore"+e.Name, r.Path)
		w.f("}")
		w.f("")
	}
	if r.History != nil {
		entry := w.names.objects[r.History]
		w.comment(fmt.Sprintf("History lists who changed what in one %s, the latest first.", one))
		w.f("func (r %s) History(ctx context.Context, key ID, q Query[%s], o ...CallOption) (PageOf[%s], error) {", typ, entry, entry)
		w.f("return list(ctx, r.core, request{operation: %q, path: row(%q, key, \"/history\")}, q, o)", r.History.Entity.Singular, r.Path)
		w.f("}")
		w.f("")
	}
}

func (w *writer) operation(o *client.Operation) {
	name := w.names.operations[o]
	args, passed := "", "path: "+w.path(o)
	if o.Args != nil {
		args = ", a " + w.names.objects[o.Args]
	}
	doc := spell.Described(name, o.Doc, "the operation "+o.Name)
	if !strings.HasPrefix(doc, name+" ") {
		doc = name + ": " + doc
	}
	if o.Deprecated != "" {
		doc += "\n\nDeprecated: " + o.Deprecated
	}
	prepare := func(failed string) {
		if !inQuery(o) {
			return
		}
		w.f("var p arguments")
		taken := map[string]bool{}
		for _, m := range o.Args.Members {
			field := free(taken, spell.Exported(m.Name), "Field")
			if inPath(o, m.Name) {
				continue
			}
			if typ, _ := w.names.member(o.Args, m); m.Type.List && strings.HasPrefix(typ, "Optional[") {
				field += ".value"
			}
			w.f("%s(&p, %q, a.%s)", w.argument(o.Args, m), m.Name, field)
		}
		w.f("if p.err != nil {")
		w.f("%s", failed)
		w.f("}")
		passed += ", query: p.values"
	}
	if o.Page != nil {
		row := w.names.objects[o.Page]
		w.comment(doc)
		w.f("func (c *Client) %s(ctx context.Context%s, q Query[%s], o ...CallOption) (PageOf[%s], error) {", name, args, row, row)
		prepare(fmt.Sprintf("return PageOf[%s]{}, fmt.Errorf(\"%s: %%w\", p.err)", row, o.Name))
		w.f("return list(ctx, c.core, request{operation: %q, %s}, q, o)", o.Name, passed)
		w.f("}")
		w.f("")
		passed = "path: " + w.path(o)
		w.comment(name + "All is " + name + ", page by page.")
		w.f("func (c *Client) %sAll(ctx context.Context%s, q Query[%s], o ...CallOption) iter.Seq2[%s, error] {", name, args, row, row)
		prepare(fmt.Sprintf("return func(yield func(%s, error) bool) { yield(%s{}, fmt.Errorf(\"%s: %%w\", p.err)) }", row, row, o.Name))
		w.f("return all(ctx, c.core, request{operation: %q, %s}, q, o)", o.Name, passed)
		w.f("}")
		w.f("")
		return
	}
	result := w.result(o)
	w.comment(doc)
	w.f("func (c *Client) %s(ctx context.Context%s, o ...CallOption) (%s, error) {", name, args, result)
	prepare(fmt.Sprintf("var none %s\nreturn none, fmt.Errorf(\"%s: %%w\", p.err)", result, o.Name))
	if o.Kind == model.Mutation {
		passed += ", keyed: true"
	}
	w.f("return call[%s](ctx, c.core, request{operation: %q, method: %q, %s%s}, o)", result, o.Name, cmp.Or(o.Method, "POST"), passed, w.body(o))
	w.f("}")
	w.f("")
}

// inQuery tells whether arguments of an operation are parameters.
func inQuery(o *client.Operation) bool {
	return !o.InBody && o.Args != nil && len(o.InPath) < len(o.Args.Members)
}

// result is the type of what an operation answers.
func (w *writer) result(o *client.Operation) string {
	if o.Null && !nilled(*o.Result) {
		return "*" + w.names.all(*o.Result)
	}
	return w.names.all(*o.Result)
}

func inPath(o *client.Operation, name string) bool {
	for _, p := range o.InPath {
		if p == name {
			return true
		}
	}
	return false
}

// path is the expression of the path of an operation, with its arguments in it.
func (w *writer) path(o *client.Operation) string {
	path := fmt.Sprintf("%q", o.Path)
	taken := map[string]bool{}
	if o.Args == nil {
		return path
	}
	for _, m := range o.Args.Members {
		field := free(taken, spell.Exported(m.Name), "Field")
		if inPath(o, m.Name) {
			path = strings.Replace(path, "{"+m.Name+"}", `" + segment(a.`+field+`) + "`, 1)
		}
	}
	return strings.TrimSuffix(path, ` + ""`)
}

// body is the body of an operation, as a part of its request: its arguments but those in the path, nothing where there are no others.
func (w *writer) body(o *client.Operation) string {
	if !o.InBody || o.Args == nil || len(o.InPath) == len(o.Args.Members) {
		return ""
	}
	if len(o.InPath) == 0 {
		return ", body: a"
	}
	text := ", body: struct {\n"
	var values []string
	taken := map[string]bool{}
	for _, m := range o.Args.Members {
		field := free(taken, spell.Exported(m.Name), "Field")
		if inPath(o, m.Name) {
			continue
		}
		typ, omit := w.names.member(o.Args, m)
		tag := m.Name
		if omit {
			tag += ",omitzero"
		}
		text += fmt.Sprintf("%s %s `json:%q`\n", field, typ, tag)
		values = append(values, "a."+field)
	}
	return text + "}{" + strings.Join(values, ", ") + "}"
}

// argument is the function of the runtime that adds a parameter.
func (w *writer) argument(o *client.Object, m client.Member) string {
	typ, _ := w.names.member(o, m)
	switch {
	case m.Type.List && m.Type.Kind == client.Struct:
		return "argumentJSONList"
	case m.Type.List:
		return "argumentList"
	case m.Type.Kind == client.Struct, m.Type.Kind == client.Scalar && m.Type.Scalar == model.JSON:
		return "argumentJSON"
	case m.Type.Kind == client.Scalar && m.Type.Scalar == model.Bytes:
		return "argumentBytes"
	case strings.HasPrefix(typ, "Optional["):
		return "argumentOptional"
	case strings.HasPrefix(typ, "*"):
		return "argumentOr"
	}
	return "argument"
}
