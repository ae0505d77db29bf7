#!/usr/bin/env python3
"""How many known faults of public projects `fettle review` finds before their fix, and how quiet it is after.

    bench/review/cases.py CASES.json CLONES [CASE…]

CASES.json is a list of {id, repo, before, after, cls, files}: a fault that a commit of a public project mended. CLONES holds
a bare clone of each project as owner+name/repo. Nothing of them is kept. A case counts as found when, in the files of the
case, a finding of its class is told before the fix and gone after it.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

# The rules that may answer for a class of the cases.
RULES = {
    "n-plus-one": ["n-plus-one"],
    "n-plus-one-remote": ["n-plus-one"],
    "missing-index": ["missing-index", "redundant-index"],
    "race-update-then-insert": ["check-then-insert"],
    "idor": ["missing-owner"],
    "authz-query-precedence": ["or-precedence"],
    "goroutine-leak": ["resource-leak"],
    "race-lost-update": ["lost-update"],
    "mass-assignment": ["mass-assignment"],
    "sql-injection-orderby": ["sql-injection"],
    "rows-leak": ["resource-leak"],
    "session-leak": ["resource-leak"],
    "tx-leak": ["resource-leak"],
    "unsafe-migration": ["locking-migration"],
    "lock-order-deadlock": ["locking-migration"],
    "race-map-write": ["shared-map"],
    "race-map-iteration": ["shared-map"],
    "unbounded-list": ["unbounded-list"],
    "missing-authz": ["open-route", "missing-guard"],
    "error-leak": ["error-leak"],
}


def review(clone, revision, fettle):
    with tempfile.TemporaryDirectory() as folder:
        for pattern in ("**/*.go", "**/*.sql", "**/go.mod"):
            archive = subprocess.run(["git", "--git-dir", clone, "archive", revision, "--", f":(glob){pattern}"], capture_output=True)
            if archive.returncode == 0:
                subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        out = subprocess.run([fettle, "review", folder, "--format", "json"], capture_output=True, text=True)
        if out.returncode not in (0, 1):
            raise SystemExit(f"{clone} {revision}: exit code {out.returncode}: {out.stderr[-2000:]}")
        return json.loads(out.stdout)


def inside(finding, files):
    return finding["file"] in files or any(e["file"] in files for e in finding["evidence"])


def main():
    cases, clones, only = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3:]
    fettle = os.environ.get("FETTLE", "fettle")
    found, total = collections.Counter(), collections.Counter()
    for case in cases:
        clone = os.path.join(clones, case["repo"].replace("/", "+"), "repo")
        if not case["stack"].startswith(("go", "sql")) or only and case["id"] not in only or not os.path.isdir(clone):
            continue
        before, after = (review(clone, case[k], fettle) for k in ("before", "after"))
        rules = RULES.get(case["cls"], [])
        key = lambda f: (f["rule"], f["file"], f["message"])
        kept = {key(f) for f in after["findings"]}
        mine = [f for f in before["findings"] if f["rule"] in rules and inside(f, case["files"])]
        gone = [f for f in mine if key(f) not in kept]
        loud = sum(f["severity"] in ("critical", "high") for f in before["findings"])
        total[case["cls"]] += 1
        found[case["cls"]] += bool(gone)
        verdict = "found" if gone else "told before and after" if mine else "not found" if rules else "no rule"
        print(f"{case['id']}  {case['cls']:22} {verdict:22} {before['coverage']['lines']:7} lines, {loud} critical or high")
        for f in gone:
            print(f"       {f['file']}:{f['line']} {f['message']}")
    print(f"found {sum(found.values())} of {sum(total.values())}")


if __name__ == "__main__":
    main()
