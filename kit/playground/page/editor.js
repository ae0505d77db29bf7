// The editor: a textarea over a coloured copy of its text, with completion at the caret.

function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const colours = { comment: "c", string: "s", number: "d", punctuation: "p" };

// paint writes text into a pre, coloured, with the problems underlined.
function paint(pre, text, problems) {
  const nodes = [];
  let at = 0, before = "";
  for (const token of tokensOf(text)) {
    if (token.at > at) nodes.push(text.slice(at, token.at));
    const variable = before === "$" || token.text === "$";
    before = token.text;
    const keyword = token.kind === "name" && [...operationKeywords, "fragment", "on", "true", "false", "null"].includes(token.text);
    const wrong = problems.some((p) => p.at === token.at);
    nodes.push(element("span", { className: (variable ? "v" : keyword ? "k" : colours[token.kind] || "n") + (wrong ? " bad" : "") }, token.text));
    at = token.at + token.text.length;
  }
  nodes.push(text.slice(at) + "\n");
  pre.replaceChildren(...nodes);
}

class Editor {
  constructor(parent, onChange) {
    this.schema = null;
    this.onChange = onChange;
    this.numbers = element("pre", { className: "numbers", ariaHidden: "true" });
    this.copy = element("pre", { ariaHidden: "true" });
    this.area = element("textarea", { spellcheck: false, ariaLabel: "Query", autocomplete: "off", autocapitalize: "off" });
    this.list = element("ul", { className: "completions", hidden: true, role: "listbox", ariaLabel: "Completions" });
    parent.append(this.numbers, this.copy, this.area, this.list);
    this.area.addEventListener("input", (event) => { if (this.quiet) return; this.refresh(); this.suggest(event.inputType !== "insertFromPaste"); });
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.area.addEventListener("click", () => this.close());
  }
  get text() { return this.area.value; }
  set text(value) { this.area.value = value; this.close(); this.refresh(); }
  refresh() {
    this.problems = problemsOf(this.text, this.schema);
    paint(this.copy, this.text, this.problems);
    const lines = this.text.split("\n").length;
    this.numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n") + "\n";
    this.follow();
    this.onChange();
  }
  follow() {
    this.copy.scrollTop = this.numbers.scrollTop = this.area.scrollTop;
    this.copy.scrollLeft = this.area.scrollLeft;
  }
  // insert puts text at the caret in the way of typing, so that undo takes it back.
  insert(text, remove = 0) {
    this.area.focus();
    this.area.setSelectionRange(this.area.selectionStart - remove, this.area.selectionEnd);
    this.quiet = true;
    if (!document.execCommand("insertText", false, text)) this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.quiet = false;
    this.refresh();
  }
  replace(text) {
    if (text === this.text) return;
    this.area.focus();
    this.area.select();
    this.insert(text);
    this.area.setSelectionRange(0, 0);
    this.area.scrollTop = 0;
  }
  goTo(at, length) { this.area.focus(); this.area.setSelectionRange(at, at + length); }
  suggest(typed) {
    const caret = this.area.selectionStart;
    const { prefix, items } = completionsAt(this.text, caret, this.schema);
    if (items.length === 0 || typed === true && prefix === "" && !/[{(@$:]\s?$/.test(this.text.slice(0, caret))) return this.close();
    this.prefix = prefix;
    this.items = items.slice(0, 60);
    this.chosen = 0;
    this.list.replaceChildren(...this.items.map((item, i) => element("li", {
      role: "option", title: item.doc, onmousedown: (event) => { event.preventDefault(); this.chosen = i; this.accept(); },
    }, item.name, element("span", { className: "quiet" }, item.detail))));
    const before = this.text.slice(0, caret - prefix.length).split("\n");
    const { width, height } = this.measure();
    this.list.style.left = Math.max(8, Math.min(50 + before.at(-1).length * width - this.area.scrollLeft, this.area.clientWidth - 260)) + "px";
    this.list.style.top = 14 + before.length * height - this.area.scrollTop + "px";
    this.list.hidden = false;
    this.mark();
  }
  // measure is the size of one character, which depends on the fonts of this machine.
  measure() {
    if (!this.size) {
      const probe = element("pre", { textContent: ("0".repeat(100) + "\n").repeat(10) });
      probe.style.cssText = "position:fixed;inset:auto;visibility:hidden;padding:0;margin:0";
      document.body.append(probe);
      const box = probe.getBoundingClientRect();
      probe.remove();
      this.size = { width: box.width / 100, height: box.height / 10 };
    }
    return this.size;
  }
  mark() { [...this.list.children].forEach((li, i) => { li.setAttribute("aria-selected", i === this.chosen); if (i === this.chosen) li.scrollIntoView({ block: "nearest" }); }); }
  accept() { const item = this.items[this.chosen]; this.close(); this.insert(item.insert || item.name, this.prefix.length); }
  close() { this.list.hidden = true; }
  key(event) {
    const open = !this.list.hidden, plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); this.suggest(false); return; }
    if (open && plain) {
      const moves = { ArrowDown: 1, ArrowUp: -1 };
      if (event.key in moves) { event.preventDefault(); this.chosen = (this.chosen + moves[event.key] + this.items.length) % this.items.length; this.mark(); return; }
      if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); this.accept(); return; }
      if (event.key === "Escape") { event.preventDefault(); this.close(); return; }
    }
    if (event.key === "Enter" && plain && !event.shiftKey) {
      event.preventDefault();
      const head = this.text.slice(0, this.area.selectionStart), tail = this.text.slice(this.area.selectionEnd);
      const indent = /(^|\n)([ \t]*)[^\n]*$/.exec(head)[2];
      const deeper = /[{(\[]\s*$/.test(head), closes = /^\s*[})\]]/.test(tail);
      this.insert("\n" + indent + (deeper ? "  " : ""));
      if (deeper && closes) { const caret = this.area.selectionStart; this.insert("\n" + indent); this.area.setSelectionRange(caret, caret); }
      return;
    }
    const pairs = { "{": "}", "(": ")", "[": "]" };
    if (event.key in pairs && plain && this.area.selectionStart === this.area.selectionEnd) {
      event.preventDefault();
      const caret = this.area.selectionStart;
      this.insert(event.key + pairs[event.key]);
      this.area.setSelectionRange(caret + 1, caret + 1);
      this.suggest(true);
    }
  }
}
