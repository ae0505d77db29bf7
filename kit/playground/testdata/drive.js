// Uses the page as a person would, and reports what went wrong. It runs in the page itself, after the page's script.
(async () => {
  const failures = [];
  const byId = (id) => document.getElementById(id);
  const check = (what, fine, got) => { if (!fine) failures.push(what + (got === undefined ? "" : ": " + JSON.stringify(got))); };
  const until = async (what, condition) => {
    for (let i = 0; i < 200; i++) { if (condition()) return; await new Promise((done) => setTimeout(done, 25)); }
    failures.push("waited in vain: " + what);
  };
  document.addEventListener("securitypolicyviolation", (event) => failures.push("policy: " + event.violatedDirective + " " + event.blockedURI));
  window.addEventListener("error", (event) => failures.push("error: " + event.message));
  const area = document.querySelector("#query-editor textarea"), list = document.querySelector(".completions");
  const type = (text) => { area.focus(); document.execCommand("insertText", false, text); };
  const clear = () => { area.focus(); area.select(); document.execCommand("delete"); };
  const press = (key, more = {}) => (document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  const button = (text, inside = document) => [...inside.querySelectorAll("button")].find((b) => b.textContent === text);
  const run = async () => {
    byId("status").textContent = "";
    press("Enter", { ctrlKey: true });
    await until("an answer", () => / ms /.test(byId("status").textContent) || byId("status").dataset.state === "bad");
    return byId("result").textContent;
  };
  try {
    await until("the schema", () => document.body.dataset.ready === "true");
    check("explorer lists a query", button("articles", byId("entries")));

    clear();
    type("{ article(slug: \"alpha\") { tit");
    await until("completions", () => !list.hidden);
    check("completion offers title", list.firstChild.textContent.startsWith("title"), list.textContent);
    press("Tab");
    check("completion is put in", area.value.endsWith("{ title"), area.value);
    type(" emial } }");
    check("a mistake is marked", document.querySelector("#query-editor .bad")?.textContent === "emial");
    check("a mistake is explained", /no field “emial”/.test(byId("problems").textContent), byId("problems").textContent);
    check("the copy shows what was typed", document.querySelectorAll("#query-editor pre")[1].textContent.trimEnd() === area.value);

    clear();
    type("query A($s: String!) { article(slug: $s) { title author { email } } }");
    check("no mistake is made up", byId("problems").textContent === "", byId("problems").textContent);
    byId("variables").value = "{ \"s\": \"alpha\" }";
    byId("variables").dispatchEvent(new Event("input"));
    let answer = await run();
    check("the answer is shown", answer.includes("\"title\": \"Alpha\"") && answer.includes("\"email\": null"), answer);
    check("the answer is coloured", document.querySelector("#result .n"));
    check("the status is told", /^200 /.test(byId("status").textContent), byId("status").textContent);

    byId("prettify").click();
    check("prettify", area.value === "query A($s: String!) {\n  article(slug: $s) {\n    title\n    author {\n      email\n    }\n  }\n}\n", area.value);

    byId("account-open").click();
    const form = byId("sign-in");
    form.email.value = "ann@example.com";
    form.password.value = "wrong password";
    form.requestSubmit();
    await until("a refusal", () => byId("account-message").textContent !== "");
    check("a refusal is told", byId("account-message").textContent === "The password is wrong.", byId("account-message").textContent);
    form.password.value = "correct horse";
    form.requestSubmit();
    await until("a token", () => byId("token").value === "ann");
    check("the token is kept for the session only", sessionStorage.getItem("playground:token") === "ann" && !JSON.stringify(localStorage).includes("correct horse"));
    answer = await run();
    check("the token is sent", answer.includes("ann@example.com"), answer);

    byId("share").click();
    await until("a link", () => location.hash.length > 1);
    check("the link holds the query, not the token", atob(location.hash.slice(1)).includes("article(slug") && !atob(location.hash.slice(1)).includes("Bearer"));
    byId("history-open").click();
    check("history lists the query", byId("history").textContent.includes("query A"), byId("history").textContent);
    byId("history-open").click();

    byId("search").value = "comment";
    byId("search").dispatchEvent(new Event("input"));
    check("search finds", button("comments", byId("entries")) && button("Comment", byId("entries")));
    button("Comment", byId("entries")).click();
    check("a type is opened", byId("trail").textContent.includes("Comment") && button("body", byId("entries")));

    clear();
    type("{ articles {");
    check("an open bracket is told", /not closed/.test(byId("problems").textContent));
    answer = await run();
    check("an error of the server is shown", answer.includes("INVALID_DOCUMENT") && byId("status").dataset.state === "bad", answer);
    byId("variables").value = "{";
    answer = await run();
    check("variables that are no JSON are told", answer.startsWith("The variables are not JSON"), answer);
    byId("variables").value = "";

    const dark = document.documentElement.dataset.theme;
    byId("theme").click();
    check("the theme changes", document.documentElement.dataset.theme !== dark);
    for (const node of document.querySelectorAll("button, input, textarea, select")) check("has a name: " + node.outerHTML, node.textContent.trim() || node.ariaLabel || node.labels?.length);
    check("no overflow", document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight, [document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight, innerHeight]);
  } catch (error) {
    failures.push(String(error.stack || error));
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(failures) });
})();
