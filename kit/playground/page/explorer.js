// The schema explorer: types and fields to read, search and put into the query.

class Explorer {
  constructor(schema, insert) {
    this.schema = schema;
    this.insert = insert;
    this.path = [];
    this.trail = document.getElementById("trail");
    this.entries = document.getElementById("entries");
    const search = document.getElementById("search");
    search.addEventListener("input", () => search.value ? this.search(search.value.trim().toLowerCase()) : this.show());
    this.show();
  }
  open(type) { if (type) { this.path.push(type); document.getElementById("search").value = ""; this.show(); } }
  back(depth) { this.path.length = depth; this.show(); }
  show() {
    const steps = ["Schema", ...this.path.map((t) => t.name)];
    this.trail.replaceChildren(...(this.path.length ? steps.flatMap((name, i) => [i ? " › " : "", element("button", { onclick: () => this.back(i) }, name)]) : []));
    const type = this.path.at(-1);
    if (!type) {
      this.entries.replaceChildren(...this.groups());
      return;
    }
    const nodes = [element("h2", {}, type.name), element("p", {}, type.description || type.kind.toLowerCase().replace("_", " "))];
    for (const field of type.fields || type.inputFields || []) nodes.push(this.fieldLine(field, type));
    for (const value of type.enumValues || []) nodes.push(element("div", { className: "entry" }, element("code", { className: "n" }, value.name), element("p", {}, (value.isDeprecated ? "Deprecated: " + value.deprecationReason + " " : "") + (value.description || ""))));
    for (const one of type.possibleTypes || []) nodes.push(this.typeLine(this.schema.type(one.name)));
    this.entries.replaceChildren(...nodes);
  }
  // groups are the types by what they are for: what is asked first, what only carries it last and closed.
  groups() {
    const roots = ["query", "mutation", "subscription"].map((k) => this.schema.root(k)).filter(Boolean);
    const rest = this.schema.types.filter((t) => !t.name.startsWith("__") && !roots.includes(t));
    const carries = (t) => /(Connection|Edge|Filter|Order)$/.test(t.name) || t.name === "PageInfo";
    const group = (title, types, open) => types.length ? [element("details", { open }, element("summary", {}, `${title} · ${types.length}`), ...types.map((t) => this.typeLine(t)))] : [];
    return [
      ...roots.map((t) => element("details", { open: t === roots[0] }, element("summary", {}, t.name), ...t.fields.map((f) => this.rootLine(f, t)))),
      ...group("Types", rest.filter((t) => ["OBJECT", "INTERFACE", "UNION"].includes(t.kind) && !carries(t)), true),
      ...group("Inputs", rest.filter((t) => t.kind === "INPUT_OBJECT" && !carries(t)), false),
      ...group("Enums", rest.filter((t) => t.kind === "ENUM" && !carries(t)), false),
      ...group("Scalars", rest.filter((t) => t.kind === "SCALAR"), false),
      ...group("Pages, filters and orders", rest.filter(carries), false),
    ];
  }
  rootLine(field, owner) {
    const type = element("button", { className: "link type", onclick: () => this.open(this.schema.named(field.type)) }, this.schema.spell(field.type));
    return element("div", { className: "entry", title: field.description || "" }, element("button", { className: "link", title: "Put it into the query", onclick: () => this.insert(field, owner) }, field.name), ": ", type);
  }
  typeLine(type) {
    return element("div", { className: "entry" }, element("button", { className: "link type", title: type.description || "", onclick: () => this.open(type) }, type.name));
  }
  fieldLine(field, owner) {
    const type = element("button", { className: "link type", onclick: () => this.open(this.schema.named(field.type)) }, this.schema.spell(field.type));
    const name = element("button", { className: "link", title: "Put it into the query", onclick: () => this.insert(field, owner) }, field.name);
    const args = (field.args || []).flatMap((a, i) => [i ? ", " : "(", a.name + ": ", element("button", { className: "link type", title: a.description || "", onclick: () => this.open(this.schema.named(a.type)) }, this.schema.spell(a.type))]);
    const doc = [field.isDeprecated ? `Deprecated: ${field.deprecationReason}.` : "", field.description || ""].filter(Boolean).join(" ");
    return element("div", { className: "entry" }, name, ...args, args.length ? ")" : "", ": ", type, doc ? element("p", {}, doc) : "");
  }
  search(words) {
    const nodes = [];
    for (const type of this.schema.types) {
      if (type.name.startsWith("__")) continue;
      if (type.name.toLowerCase().includes(words)) nodes.push(this.typeLine(type));
      for (const field of type.fields || type.inputFields || []) {
        if (nodes.length < 60 && field.name.toLowerCase().includes(words)) nodes.push(element("div", { className: "entry" }, element("button", { className: "link type", onclick: () => this.open(type) }, type.name), ".", element("button", { className: "link", onclick: () => this.insert(field, type) }, field.name)));
      }
    }
    this.trail.replaceChildren();
    this.entries.replaceChildren(...(nodes.length ? nodes : [element("p", {}, "Nothing of that name.")]));
  }
}
