#!/usr/bin/env python3
"""How many known faults of public projects `fettle review` finds before their fix, and how quiet it is after.

    bench/review/cases.py CASES.json COPIES [CASE…]

CASES.json is a list of {id, repo, before, after, cls, stack, files}: a fault that a commit of a public project mended. "without" are
patterns of files that clones may lack, generated ones of many megabytes, and that are left out on both sides. COPIES
holds either the files themselves, as ID/before and ID/after, or a bare clone of each project as owner+name/repo. Nothing of
them is kept. FETTLE names the tool, "fettle" where it is not set; JOBS how many reviews run at once, 2.

For each case two answers:

  flagged  before the fix, in the files of the case, a finding of its class that is gone after it
  silent   after the fix, none of those findings is told any more; "strictly" where no finding at all of the class is told in
           the files of the case: what is left may be another fault of the same kind

A finding is in the files of a case where it, or a link of its evidence, stands there.
"""
import collections
import concurrent.futures
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
    "check-then-insert": ["check-then-insert"],
    "race-update-then-insert": ["check-then-insert"],
    "race-token-refresh": ["lost-update"],
    "race-lost-update": ["lost-update"],
    "race-counter": ["shared-state", "lost-update"],
    "race-shared": ["shared-state", "shared-map"],
    "race-map-write": ["shared-map"],
    "race-map-iteration": ["shared-map"],
    "idor": ["missing-owner"],
    "missing-authz": ["open-route", "missing-guard"],
    "authz-query-precedence": ["or-precedence"],
    "mass-assignment": ["mass-assignment"],
    "sql-injection": ["sql-injection"],
    "sql-injection-orderby": ["sql-injection"],
    "goroutine-leak": ["resource-leak"],
    "rows-leak": ["resource-leak"],
    "session-leak": ["resource-leak"],
    "reader-leak": ["resource-leak"],
    "tx-leak": ["resource-leak"],
    "past-transaction": ["wrong-transaction"],
    "unsafe-migration": ["locking-migration"],
    "lock-order-deadlock": ["locking-migration"],
    "lock-scope": ["lock-scope"],
    "unbounded-list": ["unbounded-list"],
    "error-leak": ["error-leak"],
    "secret-log": ["secret-log"],
    "lock-leak": ["resource-leak"],
    "swallowed-error": ["swallowed-error"],
    "lost-context": ["lost-context"],
    "timeout": ["missing-timeout"],
    "mass-assignment+missing-validation": ["mass-assignment"],
    "race-lock": ["lost-update"],
    "race-missing-unique": ["check-then-insert"],
}

# The files that a review reads.
READ = ("**/*.go", "**/*.sql", "**/go.mod", "**/*.ts", "**/*.mts", "**/*.cts", "**/*.prisma", "**/package.json", "**/tsconfig*.json", "**/*.graphql", "**/*.graphqls", "**/*.gql")

FETTLE = os.environ.get("FETTLE", "fettle")


def review(folder):
    out = subprocess.run([FETTLE, "review", folder, "--format", "json"], capture_output=True, text=True)
    if out.returncode not in (0, 1):
        raise SystemExit(f"{folder}: exit code {out.returncode}: {out.stderr[-2000:]}")
    return json.loads(out.stdout)


def reviewed(copies, case, when):
    """Reviews a side of a case: its local copy, or what a clone has at that commit."""
    copy = os.path.join(copies, case["id"], when)
    if os.path.isdir(copy):
        return review(copy)
    clone = os.path.join(copies, case["repo"].replace("/", "+"), "repo")
    with tempfile.TemporaryDirectory() as folder:
        for pattern in READ:
            paths = [f":(glob){pattern}"] + [f":(exclude,glob){left}" for left in case.get("without", [])]
            archive = subprocess.run(["git", "--git-dir", clone, "archive", case[when], "--", *paths], capture_output=True)
            if archive.returncode == 0:
                subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
            elif b"did not match any files" not in archive.stderr:  # a file of the copy is missing: what is left is another tree
                sys.exit(f"{case['repo']} at {case[when]}: {archive.stderr.decode().strip()}")
        return review(folder)


def at_hand(copies, case):
    return os.path.isdir(os.path.join(copies, case["id"], "after")) or os.path.isdir(os.path.join(copies, case["repo"].replace("/", "+"), "repo"))


def inside(finding, files):
    return finding["file"] in files or any(e["file"] in files for e in finding["evidence"])


def key(finding):
    return finding["rule"], finding["file"], finding["message"]


def main():
    cases, copies, only = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3:]
    cases = [c for c in cases if (not only or c["id"] in only) and at_hand(copies, c)]
    total = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        both = pool.map(lambda c: (c, reviewed(copies, c, "before"), reviewed(copies, c, "after")), cases)
        for case, before, after in both:
            rules = RULES.get(case["cls"], [])
            mine = [f for f in before["findings"] if f["rule"] in rules and inside(f, case["files"])]
            left = [f for f in after["findings"] if f["rule"] in rules and inside(f, case["files"])]
            kept = {key(f) for f in after["findings"]}
            gone = [f for f in mine if key(f) not in kept]
            flagged, strict = bool(gone), not left
            loud = sum(f["severity"] in ("critical", "high") for f in before["findings"])
            total["cases"] += 1
            total["flagged"] += flagged
            total["silent"] += flagged or not mine
            total["strict"] += strict
            said = "flagged" if flagged else "told before and after" if mine else "not flagged" if rules else "no rule"
            silent = "strictly silent after" if strict else f"{len(left)} of its class after" + ("" if flagged else ", the same" if mine else "")
            lines = before["coverage"]["lines"]
            print(f"{case['id']}  {case['cls']:24} {said:22} {silent:24} {lines:7} lines, {loud} critical or high", flush=True)
            for f in gone:
                print(f"       {f['file']}:{f['line']} {f['rule']}: {f['message']}")
    print(f"flagged {total['flagged']} of {total['cases']}; silent after {total['silent']} of {total['cases']}, strictly {total['strict']}")


if __name__ == "__main__":
    main()
