// The language of the editor: tokens, layout, and what is wrong with a query or may stand at the caret.

// tokensOf cuts a GraphQL text into {kind, text, at}; it never fails, an unknown character is of kind "?".
// Kinds: name, number, string, comment, punctuation, "?".
function tokensOf(text) {
  const pattern = /(#[^\n]*)|("""(?:\\"""|[^])*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([_A-Za-z]\w*)|(\.\.\.|[!$&()\[\]{}:=@|])|([^\s,\ufeff])/g;
  const kinds = ["comment", "string", "number", "name", "punctuation", "?"];
  const tokens = [];
  for (const match of text.matchAll(pattern)) {
    const group = match.slice(1).findIndex((part) => part !== undefined);
    tokens.push({ kind: kinds[group], text: match[0], at: match.index });
  }
  return tokens;
}

const operationKeywords = ["query", "mutation", "subscription"];

// prettify lays a query out: two spaces a level, one selection a line, a space or a comma where one belongs.
function prettify(text) {
  let out = "", depth = 0, round = 0, before = null;
  const line = () => { out = out.trimEnd() + "\n" + "  ".repeat(depth); };
  for (const token of tokensOf(text)) {
    const t = token.text, inside = round > 0;
    if (token.kind === "comment") {
      if (before) line();
      out += t;
      line();
      before = token;
      continue;
    }
    if (!inside && t === "}") {
      depth = Math.max(0, depth - 1);
      line();
    } else if (!inside && t === "{") {
      if (out.trim() && before?.kind !== "comment") out = out.trimEnd() + " ";
    } else if (before && !/\n *$/.test(out)) {
      out += inside ? between(before, token) : depth > 0 && startsSelection(before, token) ? "\n" + "  ".repeat(depth) : apart(before, token);
    }
    out += t;
    if (!inside && t === "{") { depth++; line(); }
    if (!inside && t === "}" && depth === 0) out += "\n\n";
    if (t === "(" || inside && (t === "[" || t === "{")) round++;
    if (inside && (t === ")" || t === "]" || t === "}")) round--;
    before = token;
  }
  return out.trim() + "\n";
}

// startsSelection tells whether a token begins the next selection of a block.
function startsSelection(a, b) {
  return (b.kind === "name" || b.text === "...") && ![":", "...", "@", "{"].includes(a.text) && a.text !== "on";
}

// apart is the space between two tokens outside of brackets.
function apart(a, b) {
  if (b.text === "(" || b.text === ":" || a.text === "@" || a.text === "...") return a.text === "..." && b.text === "on" ? " " : "";
  return " ";
}

// between is what stands between two tokens inside of brackets: arguments, variables, values.
function between(a, b) {
  if ([")", "]", ":", "!"].includes(b.text) || ["(", "[", "$", "@"].includes(a.text)) return "";
  const ended = ["name", "number", "string"].includes(a.kind) || ["]", "}", "!"].includes(a.text);
  const starts = ["name", "number", "string"].includes(b.kind) || ["[", "{", "$"].includes(b.text);
  return ended && starts ? ", " : " ";
}

// walk follows a query along the schema and calls visit(place) at each token; a place tells where the token stands:
// {token, type, field, inArguments, key, kind}. type is the selection's type, or the input type inside an argument.
function walk(tokens, schema, visit) {
  const stack = [];
  let pending = null;      // type that the next "{" opens
  let top = { type: null, kind: "document" };
  let fragment = false;    // the next name is the type that a fragment stands on
  let operation = null;
  let before = null;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i], t = token.text;
    if (token.kind === "comment") continue;
    const after = tokens.slice(i + 1).find((x) => x.kind !== "comment");
    const place = { token, before, after, kind: top.kind, type: top.type, field: top.field, key: top.key };
    switch (top.kind) {
      case "document":
        if (t === "{") { visit({ ...place, role: "open" }); stack.push(top); top = { kind: "selection", type: pending || schema?.root("query"), field: null }; pending = null; break; }
        if (t === "(") { stack.push(top); top = { kind: "declarations", type: null }; break; }
        if (operationKeywords.includes(t)) { operation = t; pending = schema?.root(t) || null; visit({ ...place, role: "keyword" }); break; }
        if (t === "fragment") { visit({ ...place, role: "keyword" }); break; }
        if (t === "on") { fragment = true; break; }
        if (fragment && token.kind === "name") { pending = schema?.type(t) || null; fragment = false; visit({ ...place, role: "type" }); break; }
        visit({ ...place, role: "word" });
        break;
      case "declarations":
        if (t === ")") { top = stack.pop(); break; }
        visit({ ...place, role: before?.text === ":" || before?.text === "[" ? "type" : "variable" });
        break;
      case "selection":
        if (t === "}") { visit({ ...place, role: "close" }); top = stack.pop() || { kind: "document" }; break; }
        if (t === "{") { visit({ ...place, role: "open" }); stack.push(top); top = { kind: "selection", type: pending, field: null }; pending = null; break; }
        if (t === "(") { stack.push(top); top = { kind: "arguments", type: null, field: top.field, args: top.field?.args || top.directive?.args || null }; break; }
        if (t === "...") { fragment = "spread"; break; }
        if (t === "@") { break; }
        if (before?.text === "@") { top.directive = schema?.directive(t); visit({ ...place, role: "directive" }); break; }
        if (fragment === "spread" && t === "on") { fragment = "type"; break; }
        if (fragment === "type" && token.kind === "name") { pending = schema?.type(t) || null; fragment = false; visit({ ...place, role: "type" }); break; }
        if (fragment === "spread" && token.kind === "name") { fragment = false; visit({ ...place, role: "spread" }); break; }
        if (token.kind === "name") {
          if (after?.text === ":") { visit({ ...place, role: "alias" }); break; }
          top.field = top.type ? schema.field(top.type, t) : null;
          pending = top.field ? schema.named(top.field.type) : null;
          visit({ ...place, role: "field", found: top.field });
        } else if (t !== ":") visit({ ...place, role: "stray" });
        break;
      case "arguments":
      case "object": {
        const close = top.kind === "arguments" ? ")" : "}";
        if (t === close) { visit({ ...place, role: "close" }); top = stack.pop() || { kind: "document" }; break; }
        if (token.kind === "name" && after?.text === ":" && before?.text !== "$") {
          top.key = top.args?.find((a) => a.name === t) || null;
          visit({ ...place, role: "key", found: top.key, args: top.args, owner: top });
          break;
        }
        if (t === "{") {
          const input = top.key ? schema?.named(top.key.type) : null;
          stack.push(top);
          top = { kind: "object", type: input, args: input?.inputFields || null, field: top.field };
          break;
        }
        visit({ ...place, role: before?.text === "$" ? "use" : "value", args: top.args, expects: top.key ? schema?.named(top.key.type) : null });
        break;
      }
    }
    before = token;
  }
  return { open: stack.length, top, before, pending, operation, fragment };
}

// problemsOf lists what is wrong with a query: {at, length, message}.
function problemsOf(text, schema) {
  const tokens = tokensOf(text), problems = [];
  const report = (token, message) => problems.push({ at: token.at, length: token.text.length, message });
  for (const token of tokens) if (token.kind === "?") report(token, `unexpected “${token.text}”`);
  const end = walk(tokens, schema, (place) => {
    const { token, role, type } = place;
    if (role === "field" && type && !place.found) report(token, `${type.name} has no field “${token.text}”${nearest(token.text, (type.fields || []).map((f) => f.name))}`);
    if (role === "field" && place.found && schema) {
      const named = schema.named(place.found.type), composite = ["OBJECT", "INTERFACE", "UNION"].includes(named?.kind);
      const opens = opensSelection(tokens, token);
      if (composite && !opens) report(token, `choose fields of “${token.text}”: { … }`);
      if (!composite && named && opens) report(token, `“${token.text}” has no fields of its own`);
      const given = argumentsAfter(tokens, token);
      for (const arg of place.found.args || []) if (arg.type.kind === "NON_NULL" && arg.defaultValue == null && !given.includes(arg.name)) report(token, `“${token.text}” needs the argument “${arg.name}”`);
    }
    if (role === "key" && place.args && !place.found) report(token, `no argument “${token.text}” here${nearest(token.text, place.args.map((a) => a.name))}`);
    if (role === "type" && schema && !schema.type(token.text) && token.kind === "name") report(token, `no type “${token.text}”`);
    if (role === "value" && place.expects?.kind === "ENUM" && token.kind === "name" && token.text !== "null" && !place.expects.enumValues.some((v) => v.name === token.text)) report(token, `${place.expects.name} has no value “${token.text}”`);
    if (role === "stray") report(token, `unexpected “${token.text}”`);
  });
  if (end.open > 0 && tokens.length) report(tokens[tokens.length - 1], "a bracket is not closed");
  return problems;
}

function opensSelection(tokens, field) {
  let i = tokens.indexOf(field) + 1, depth = 0;
  for (; i < tokens.length; i++) {
    const t = tokens[i].text;
    if (t === "(") depth++;
    else if (t === ")") depth--;
    else if (depth === 0 && t === "@") { i++; }
    else if (depth === 0 && tokens[i].kind !== "comment") return t === "{";
  }
  return false;
}

function argumentsAfter(tokens, field) {
  let i = tokens.indexOf(field) + 1;
  if (tokens[i]?.text !== "(") return [];
  const names = [];
  for (let depth = 0; i < tokens.length; i++) {
    const t = tokens[i].text;
    if ("({[".includes(t)) depth++;
    else if (")}]".includes(t) && --depth === 0) break;
    else if (depth === 1 && tokens[i].kind === "name" && tokens[i + 1]?.text === ":") names.push(t);
  }
  return names;
}

// nearest is a hint at the most similar of the names, empty where none is near.
function nearest(word, names) {
  let best = "", least = Math.max(2, word.length / 3) + 1;
  for (const name of names) {
    const d = distance(word.toLowerCase(), name.toLowerCase());
    if (d < least) { least = d; best = name; }
  }
  return best ? `: did you mean “${best}”?` : "";
}

function distance(a, b) {
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}

// completionsAt lists what may stand at the caret: {prefix, items: [{name, detail, doc}]}.
function completionsAt(text, caret, schema) {
  const head = text.slice(0, caret);
  const prefix = /[_A-Za-z]\w*$/.exec(head)?.[0] || "";
  const tokens = tokensOf(head.slice(0, head.length - prefix.length));
  if (tokens.at(-1)?.kind === "comment" && !head.slice(tokens.at(-1).at).includes("\n")) return { prefix, items: [] };
  const { top, before, fragment, pending } = walk(tokens, schema, () => {});
  const show = (entries) => (entries || []).map((f) => ({ name: f.name, detail: f.type ? schema.spell(f.type) : "", doc: f.description || "" }));
  let items = [];
  if (!schema) return { prefix, items };
  if (before?.text === "@") items = show(schema.directives);
  else if (before?.text === "$" && top.kind !== "declarations") items = variablesOf(text);
  else if (fragment === "type" || top.kind === "declarations" && (before?.text === ":" || before?.text === "[")) items = schema.types.filter((t) => !t.name.startsWith("__")).map((t) => ({ name: t.name, detail: t.kind.toLowerCase(), doc: t.description || "" }));
  else if (top.kind === "document" && !pending) items = operationKeywords.filter((k) => schema.root(k)).concat("fragment").map((name) => ({ name, detail: "", doc: "" }));
  else if (top.kind === "selection") items = show(top.type?.fields).concat(top.type ? [{ name: "__typename", detail: "String!", doc: "" }] : []);
  else if ((top.kind === "arguments" || top.kind === "object") && before?.text === ":") {
    const expects = top.key ? schema.named(top.key.type) : null;
    if (expects?.kind === "ENUM") items = expects.enumValues.map((v) => ({ name: v.name, detail: expects.name, doc: v.description || "" }));
    else if (expects?.name === "Boolean") items = ["true", "false"].map((name) => ({ name, detail: "Boolean", doc: "" }));
  } else if (top.kind === "arguments" || top.kind === "object") items = show(top.args).map((x) => ({ ...x, insert: x.name + ": " }));
  const wanted = prefix.toLowerCase();
  items = items.filter((x) => x.name.toLowerCase().includes(wanted) && x.name !== prefix);
  items.sort((a, b) => b.name.toLowerCase().startsWith(wanted) - a.name.toLowerCase().startsWith(wanted));
  return { prefix, items };
}

function variablesOf(text) {
  const found = [...text.matchAll(/\$(\w+)\s*:\s*([\w\[\]!]+)/g)];
  return found.map((m) => ({ name: m[1], detail: m[2], doc: "" }));
}

// operationsOf lists the named operations of a query.
function operationsOf(text) {
  const tokens = tokensOf(text).filter((t) => t.kind !== "comment");
  const names = [];
  let depth = 0;
  tokens.forEach((t, i) => {
    if (t.text === "{") depth++;
    if (t.text === "}") depth--;
    if (depth === 0 && operationKeywords.includes(t.text) && tokens[i + 1]?.kind === "name") names.push(tokens[i + 1].text);
  });
  return names;
}
