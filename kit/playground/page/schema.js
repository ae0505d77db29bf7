// The schema as introspection tells it.

const introspection = `query Introspection { __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  directives { name description args { ...Input } }
  types { kind name description
    fields(includeDeprecated: true) { name description isDeprecated deprecationReason type { ...Ref } args { ...Input } }
    inputFields { ...Input }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    interfaces { name } possibleTypes { name } } } }
fragment Input on __InputValue { name description defaultValue type { ...Ref } }
fragment Ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`;

class Schema {
  constructor(data) {
    this.types = [...data.types].sort((a, b) => a.name.localeCompare(b.name));
    this.directives = data.directives;
    this.byName = new Map(this.types.map((t) => [t.name, t]));
    this.roots = { query: data.queryType?.name, mutation: data.mutationType?.name, subscription: data.subscriptionType?.name };
  }
  root(kind) { return this.type(this.roots[kind]); }
  type(name) { return this.byName.get(name) || null; }
  directive(name) { return this.directives.find((d) => d.name === name) || null; }
  // named is the type that a reference such as [Order!]! ends in.
  named(ref) {
    while (ref?.ofType) ref = ref.ofType;
    return ref ? this.type(ref.name) : null;
  }
  field(type, name) {
    if (name === "__typename") return { name, type: { kind: "NON_NULL", ofType: { kind: "SCALAR", name: "String" } }, args: [] };
    if (type === this.root("query") && name === "__schema") return { name, type: { kind: "OBJECT", name: "__Schema" }, args: [] };
    return type.fields?.find((f) => f.name === name) || null;
  }
  // spell writes a reference as SDL does.
  spell(ref) {
    if (ref.kind === "NON_NULL") return this.spell(ref.ofType) + "!";
    if (ref.kind === "LIST") return "[" + this.spell(ref.ofType) + "]";
    return ref.name;
  }
}
