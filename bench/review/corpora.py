#!/usr/bin/env python3
"""How often `fettle review` is right on corpora that others have labelled.

    bench/review/corpora.py COPIES [--show]

COPIES holds local copies of any of: gosec, semgrep-rules, squawk, eugene, sqlclosecheck, rowserrcheck, bodyclose. Nothing of
them is kept: their cases are written to a temporary folder, reviewed, and compared with their labels. FETTLE names the tool.

A finding is judged where a label speaks of its kind: right where the label says that the fault is there, wrong where it says
that it is not. Findings of which no label speaks are counted apart. A label without a finding is a miss; most corpora also
label what no rule here looks for, which is left out. --show prints what was wrong, missed and not labelled.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("copies")
parser.add_argument("--show", action="store_true")
options = parser.parse_args()
FETTLE = os.environ.get("FETTLE", "fettle")

# A case is a folder of files and its labels: (file, line) of a fault, or None where any place in the case will do.
Case = collections.namedtuple("Case", "name files kind faulty lines")


def read(*names):
    with open(os.path.join(options.copies, *names), errors="replace") as f:
        return f.read()


def below(*names):
    for folder, _, files in sorted(os.walk(os.path.join(options.copies, *names))):
        for name in sorted(files):
            yield os.path.relpath(os.path.join(folder, name), options.copies)


# Which rule answers for which of gosec's.
GOSEC = {"G201": "sql-injection", "G202": "sql-injection", "G701": "sql-injection", "G101": "secret-in-code", "G112": "missing-timeout", "G114": "missing-timeout"}


def gosec():
    for rule, kind in GOSEC.items():
        text = read("gosec", "testutils", rule.lower() + "_samples.go")
        for number, m in enumerate(re.finditer(r"\{\[\]string\{(.*?)\},\s*(\d+),\s*gosec\.", text, re.S)):
            codes = re.findall(r"`(.*?)`", m[1], re.S)
            files = {f"f{i}.go": code for i, code in enumerate(codes)}
            yield Case(f"{rule.lower()}n{number}", files, kind, int(m[2]) > 0, None)


# Labels that are not what the code does, each read by a person (gosec at 45b083a); they are counted apart.
DISPUTED = {
    "g201n21": "its comment says that another rule of gosec's, which also means SQL injection, should find it",
    "g701n9": "r.FormValue is put in a struct's field, which becomes the text",
    "g701n35": "r.FormValue is put in a map, and what a key of it holds becomes part of the text",
    "g701n59": "r.FormValue is put in a map, and what a key of it holds becomes part of the text",
    "g701n69": "r.FormValue is put in a variable of the package, which becomes the text",
    "g701n79": "r.FormValue is put in a variable of the package, which becomes part of the text",
    "g701n83": "r.FormValue is given to a function that puts it between quotes, unescaped",
    "g701n86": "r.FormValue becomes part of a text that an executor behind an interface sends",
    "g701n91": "r.FormValue is put in a field of a field, which becomes part of the text",
    "g112n3": "the code has the fault, and a comment asks gosec for silence",
    "g112n4": "the code has the fault, and a comment asks gosec for silence",
}


def marked(name, kind, text, wrong, right, shift):
    """A file whose lines say which of them are faulty."""
    lines = {}
    for i, line in enumerate(text.split("\n"), 1):
        if re.search(wrong, line):
            lines[i + shift] = True
        elif right and re.search(right, line):
            lines[i + shift] = False
    return Case(name, {"f.go": text}, kind, None, lines)


def semgrep():
    for n, name in enumerate(n for n in below("semgrep-rules", "go") if n.endswith(".go") and "sql" in n):
        text = read(name)
        case = marked(f"semgrep{n}", "sql-injection", text, r"//\s*ruleid:", r"//\s*ok:", 1)
        # The text and the call that sends it are two lines: a label speaks of its whole function.
        starts = [i for i, line in enumerate(text.split("\n"), 1) if line.startswith("func ")] + [len(text)]
        whole = {}
        for begin, end in zip(starts, starts[1:]):
            inside = [faulty for line, faulty in case.lines.items() if begin <= line < end]
            if inside:
                whole |= {line: (any(inside), begin) for line in range(begin, end)}
        yield case._replace(lines=whole)


def comments(project, kind):
    def cases():
        for name in below(project):
            if "testdata" in name and name.endswith(".go") and "/vendor/" not in name:
                text, siblings = read(name), {}
                if re.search("missing|failure", os.path.basename(name)) and "// want" not in text:
                    continue  # an example of a fault, without a label
                common = os.path.join(os.path.dirname(name), "common.go")
                if os.path.exists(os.path.join(options.copies, common)) and not name.endswith("common.go"):
                    siblings = {"common.go": read(common)}
                case = marked(re.sub(r"\W+", "-", name.split("testdata" + os.sep)[1]), kind, text, r"//\s*want\b", None, 0)
                yield case._replace(files=case.files | siblings)
    return cases


# What each message of locking-migration is about, as squawk and eugene call it.
MIGRATIONS = [
    (r"stops all writes", "require_concurrent_index_creation E6"),
    (r"dropping index", "require_concurrent_index_deletion"),
    (r"cannot run in the transaction", "ban_concurrent_index_creation_in_transaction"),
    (r"is NOT NULL and has no default", "adding_required_field"),
    (r"with a default that differs", "adding_field_with_default E11"),
    (r"SET NOT NULL", "adding_not_null_field E2"),
    (r"changing the type", "changing_column_type E5"),
    (r"checked against every row", "constraint_missing_not_valid adding_foreign_key_constraint E1"),
    (r"index behind this constraint", "disallow_unique_constraint adding_primary_key_constraint E7"),
]
BASE = "CREATE TABLE fettle_base (id bigserial PRIMARY KEY, at timestamptz);\n"


def squawk():
    rules = {rule for _, names in MIGRATIONS for rule in names.split() if "_" in rule}
    for name in below("squawk", "crates", "squawk_linter", "src", "rules"):
        rule = os.path.basename(name)[:-3]
        if rule not in rules or not name.endswith(".rs"):
            continue
        for number, m in enumerate(re.finditer(r"fn (\w+)\(\)[^{]*\{(.*?)\n    \}", read(name).split("mod test", 1)[-1], re.S)):
            sql = re.search(r'let sql = r?#*"(.*?)"#*;', m[2], re.S)
            faulty = "lint_errors" in m[2]
            if sql and (faulty or "lint_ok(" in m[2]):
                yield Case(f"{rule}.{number}", {"0001_base.sql": BASE, "0002_case.sql": sql[1]}, rule, faulty, None)


def eugene():
    rules = {rule for _, names in MIGRATIONS for rule in names.split() if "_" not in rule}
    for name in below("eugene", "eugene", "examples"):
        rule, base = name.split(os.sep)[-2], os.path.basename(name)
        if rule in rules and base in ("good.sql", "bad.sql"):
            parts = re.split(r"(?m)^-- (\d+)\.sql.*$", read(name))
            files = {"0000_base.sql": BASE} | {f"{int(n):04}_case.sql": text for n, text in zip(parts[1::2], parts[2::2])}
            yield Case(f"{rule}.{base}", files, rule, base == "bad.sql", None)


def review(folder):
    out = subprocess.run([FETTLE, "review", "--no-cache", folder, "--format", "json"], capture_output=True, text=True)
    if out.returncode not in (0, 1):
        raise SystemExit(f"{folder}: exit code {out.returncode}: {out.stderr[-2000:]}")
    return json.loads(out.stdout)["findings"]


def write(folder, files):
    os.makedirs(folder)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)


def reviewed(cases, together):
    """The findings of each case. Go code is read in one review, a folder each; migrations one by one, since tables have one name."""
    with tempfile.TemporaryDirectory() as root:
        for case in cases:
            write(os.path.join(root, case.name), case.files)
        if not together:
            return {case.name: review(os.path.join(root, case.name)) for case in cases}
        with open(os.path.join(root, "go.mod"), "w") as f:
            f.write("module labelled\n\ngo 1.26\n")
        out = collections.defaultdict(list)
        for finding in review(root):
            out[finding["file"].split("/")[0]].append(finding)
        return out


def kinds(finding):
    if finding["rule"] != "locking-migration":
        return [finding["rule"]]
    return next((names.split() for pattern, names in MIGRATIONS if re.search(pattern, finding["message"])), [])


def loud(finding):
    return finding["severity"] in ("critical", "high")


CORPORA = {
    "gosec": (gosec, True), "semgrep-rules": (semgrep, True), "squawk": (squawk, False), "eugene": (eugene, False),
    "sqlclosecheck": (comments("sqlclosecheck", "resource-leak"), True), "rowserrcheck": (comments("rowserrcheck", "swallowed-error"), True),
    "bodyclose": (comments("bodyclose", "resource-leak"), True),
}
total = collections.Counter()
print(f"{'corpus':14} {'cases':>5}   {'critical and high: right, wrong':32} {'all: right, wrong':18} {'found of labelled':18} not labelled")
for corpus, (cases, together) in CORPORA.items():
    if not os.path.isdir(os.path.join(options.copies, corpus)):
        continue
    cases, count = list(cases()), collections.Counter()
    answers = reviewed(cases, together)
    for case in cases:
        found = answers.get(case.name, [])
        mine = [f for f in found if case.kind in kinds(f)]
        other = [f for f in found if case.kind not in kinds(f)]
        count["other"] += len(other)
        right = wrong = []
        if case.lines is None:
            right, wrong = (mine, []) if case.faulty else ([], mine)
            count["labelled"] += case.faulty
            count["found"] += case.faulty and bool(mine)
            missed = [case.name] if case.faulty and not mine else []
        else:
            mine = [f for f in mine if f["file"].endswith("/f.go")]
            lines = {n: v if isinstance(v, tuple) else (v, n) for n, v in case.lines.items()}
            right = [f for f in mine if lines.get(f["line"], (False,))[0]]
            wrong = [f for f in mine if not lines.get(f["line"], (False,))[0]]
            faulty = {label for is_faulty, label in lines.values() if is_faulty}
            at = {lines[f["line"]][1] for f in right}
            count["labelled"] += len(faulty)
            count["found"] += len(faulty & at)
            missed = [f"{case.name}:{n}" for n in sorted(faulty - at)]
        if case.name in DISPUTED:
            count["disputed"] += len(wrong)
            count["loud disputed"] += sum(map(loud, wrong))
            wrong = []
        count["right"] += len(right)
        count["wrong"] += len(wrong)
        count["loud right"] += sum(map(loud, right))
        count["loud wrong"] += sum(map(loud, wrong))
        if options.show:
            for word, list_ in ("wrong", wrong), ("not labelled", other):
                for f in list_:
                    print(f"  {word}: {f['file']}:{f['line']} {case.name} {f['severity']} {f['rule']}: {f['message']}")
            for name in missed:
                print(f"  missed: {name} ({case.kind})")
    total += count
    print(f"{corpus:14} {len(cases):5}   {count['loud right']:4}, {count['loud wrong']:4} {'':21} {count['right']:5}, {count['wrong']:4} {'':6} {count['found']:5} of {count['labelled']:4} {'':5} {count['other']:5}", flush=True)
by_labels = total["loud right"] / max(1, total["loud right"] + total["loud wrong"] + total["loud disputed"])
share = total["loud right"] / max(1, total["loud right"] + total["loud wrong"])
print(f"critical and high: {total['loud right']} right, {total['loud wrong']} wrong: precision {share:.3f} ({by_labels:.3f} with the {total['loud disputed']} whose label is disputed counted as wrong); all: {total['right']} right, {total['wrong']} wrong; {total['found']} of {total['labelled']} labelled faults found")
sys.exit(share < 0.95)
