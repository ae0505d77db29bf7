// The page: what the buttons do, what is kept in this browser, what is sent.

const $ = (id) => document.getElementById(id);
const { endpoint, signIn } = document.body.dataset;
const store = {
  get(key, otherwise) { try { return JSON.parse(localStorage.getItem("playground:" + key)) ?? otherwise; } catch { return otherwise; } },
  set(key, value) { try { localStorage.setItem("playground:" + key, JSON.stringify(value)); } catch { /* private window: nothing is kept */ } },
};
const token = {
  get value() { try { return sessionStorage.getItem("playground:token") || ""; } catch { return ""; } },
  set value(text) { try { sessionStorage.setItem("playground:token", text); } catch { /* kept in the input only */ } },
};

const welcome = `# Ctrl-Space completes, Ctrl-Enter runs, the schema is on the left.

{
  __typename
}
`;

const editor = new Editor($("query-editor"), () => {
  $("problems").replaceChildren(...editor.problems.slice(0, 20).map((p) => element("li", {}, element("button", { onclick: () => editor.goTo(p.at, p.length) }, p.message))));
  const names = operationsOf(editor.text), select = $("operation"), chosen = select.value;
  select.hidden = names.length < 2;
  select.replaceChildren(...names.map((name) => element("option", {}, name)));
  if (names.includes(chosen)) select.value = chosen;
  store.set("query", editor.text);
});

function headersNow() {
  const extra = $("headers").value.trim() ? JSON.parse($("headers").value) : {};
  const bearer = $("token").value.trim();
  return { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json;q=0.9", ...(bearer ? { Authorization: "Bearer " + bearer } : {}), ...extra };
}

async function ask(query, variables, operationName) {
  const response = await fetch(endpoint, { method: "POST", headers: headersNow(), body: JSON.stringify({ query, variables, operationName }) });
  const text = await response.text();
  try { return { response, text, body: JSON.parse(text) }; } catch { return { response, text, body: null }; }
}

let running = 0;
async function run() {
  const number = ++running, started = performance.now();
  let variables;
  try { variables = $("variables").value.trim() ? JSON.parse($("variables").value) : undefined; } catch (error) { return show("The variables are not JSON: " + error.message, "not sent", false); }
  $("status").textContent = "…";
  $("status").dataset.state = "busy";
  try {
    const name = $("operation").hidden ? undefined : $("operation").value;
    const { response, text, body } = await ask(editor.text, variables, name);
    if (number !== running) return;
    const took = Math.round(performance.now() - started);
    show(body ? JSON.stringify(body, null, 2) : text, `${response.status} ${response.statusText} · ${took} ms · ${text.length} bytes${body?.errors ? ` · ${body.errors.length} ${body.errors.length === 1 ? "error" : "errors"}` : ""}`, true, response.ok && !body?.errors ? "good" : "bad");
    remember();
  } catch (error) {
    if (number === running) show(String(error.message || error), "no answer", false);
  }
}

function show(text, status, isJSON, state = "bad") {
  $("status").dataset.state = state;
  if (isJSON) paintJSON($("result"), text); else $("result").textContent = text;
  $("status").textContent = status;
}

function paintJSON(pre, text) {
  const nodes = [];
  let at = 0;
  for (const m of text.matchAll(/("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (m.index > at) nodes.push(text.slice(at, m.index));
    const word = m[1] ?? m[0];
    nodes.push(element("span", { className: m[1] ? (m[2] ? "n" : "s") : m[3] ? "k" : "d" }, word));
    at = m.index + word.length;
  }
  nodes.push(text.slice(at));
  pre.replaceChildren(...nodes);
}

function remember() {
  const entry = { query: editor.text, variables: $("variables").value };
  const kept = store.get("history", []).filter((h) => h.query !== entry.query || h.variables !== entry.variables);
  store.set("history", [entry, ...kept].slice(0, 50));
}

function showHistory() {
  const kept = store.get("history", []);
  $("history").replaceChildren(...kept.map((h) => element("button", { title: h.query, onclick: () => { editor.text = h.query; $("variables").value = h.variables; toggle("history"); } }, h.query.replace(/\s+/g, " ").slice(0, 160))),
    kept.length ? element("button", { onclick: () => { store.set("history", []); showHistory(); } }, "Forget all") : element("span", { className: "quiet" }, "Nothing was run yet."));
}

function toggle(id) {
  const hidden = $(id).hidden = !$(id).hidden;
  $(id + "-open").setAttribute("aria-expanded", String(!hidden));
}

// A link carries the query and its variables in its fragment, which is not sent to any server. It never carries a token.
function link() {
  const text = JSON.stringify({ query: editor.text, variables: $("variables").value });
  return location.origin + location.pathname + "#" + btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function fromLink() {
  if (location.hash.length < 2) return null;
  try { return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(location.hash.slice(1)), (c) => c.charCodeAt(0)))); } catch { return null; }
}

async function share() {
  const url = link();
  history.replaceState(null, "", url);
  try { await navigator.clipboard.writeText(url); $("status").textContent = "The link is in the clipboard."; } catch { $("status").textContent = "The link is in the address bar."; }
}

async function submitSignIn(event) {
  event.preventDefault();
  const form = new FormData($("sign-in"));
  try {
    const response = await fetch(signIn, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(Object.fromEntries(form)) });
    const body = await response.json();
    if (!response.ok) { $("account-message").textContent = body.detail || body.title || "That did not work."; return; }
    setToken(body.accessToken);
    $("account-message").textContent = "";
    store.set("email", form.get("email"));
    toggle("account");
    who(form.get("email"));
  } catch (error) { $("account-message").textContent = String(error.message || error); }
}

function setToken(text) { token.value = text; $("token").value = text; }
function who(email) { $("who").textContent = email ? "as " + email : ""; $("account-open").textContent = email ? "Account" : "Sign in"; }

function useField(field, owner) {
  const composite = ["OBJECT", "INTERFACE", "UNION"].includes(editor.schema.named(field.type)?.kind);
  const needed = (field.args || []).filter((a) => a.type.kind === "NON_NULL" && a.defaultValue == null).map((a) => a.name + ": ");
  const text = field.name + (needed.length ? "(" + needed.join(", ") + ")" : "") + (composite ? " { }" : "");
  const root = ["query", "mutation"].find((k) => editor.schema.root(k) === owner);
  if (root && !/[{]\s*$/.test(editor.text.slice(0, editor.area.selectionStart))) editor.text = editor.text.replace(/\s*$/, "\n\n") + `${root} {\n  ${text}\n}\n`;
  else editor.insert(text + " ");
  editor.area.focus();
}

async function loadSchema() {
  try {
    const { body } = await ask(introspection);
    if (!body?.data) throw new Error(body?.errors?.[0]?.message || "introspection is off");
    editor.schema = new Schema(body.data.__schema);
    new Explorer(editor.schema, useField);
    editor.refresh();
    document.body.dataset.ready = "true";
  } catch (error) {
    $("entries").replaceChildren(element("p", {}, "The schema cannot be read: " + error.message + "."));
    document.body.dataset.ready = "false";
  }
}

function theme(name) { document.documentElement.dataset.theme = name; store.set("theme", name); }

function tabs() {
  for (const name of ["variables", "headers"]) {
    $("tab-" + name).addEventListener("click", () => {
      for (const other of ["variables", "headers"]) {
        $("tab-" + other).setAttribute("aria-selected", String(other === name));
        $("pane-" + other).hidden = other !== name;
      }
    });
  }
}

function start() {
  theme(store.get("theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  const shared = fromLink();
  $("variables").value = shared?.variables ?? store.get("variables", "");
  editor.text = shared?.query ?? store.get("query", welcome);
  $("token").value = token.value;
  who(token.value ? store.get("email", "") : "");
  $("sign-in").hidden = !signIn;
  $("run").addEventListener("click", run);
  $("prettify").addEventListener("click", () => editor.replace(prettify(editor.text)));
  $("share").addEventListener("click", share);
  $("history-open").addEventListener("click", () => { showHistory(); toggle("history"); });
  $("account-open").addEventListener("click", () => toggle("account"));
  $("sign-in").addEventListener("submit", submitSignIn);
  $("sign-out").addEventListener("click", () => { setToken(""); who(""); });
  $("token").addEventListener("input", () => { token.value = $("token").value.trim(); });
  $("variables").addEventListener("input", () => store.set("variables", $("variables").value));
  $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
    if (event.key.toLowerCase() === "f" && event.shiftKey && event.altKey) { event.preventDefault(); editor.replace(prettify(editor.text)); }
  });
  tabs();
  loadSchema();
}

start();
