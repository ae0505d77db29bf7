#!/usr/bin/env python3
"""What of the findings that a person has judged `fettle review` tells today.

    bench/review/judged.py COPIES [--list] [RULE…]

The judgements are the tables of doc/review-noise.md and doc/review-noise/. COPIES holds the projects by the names that stand there, at the
commits that were judged, or near them: a finding whose line has moved counts as not told. Projects of which there is no copy
are left out. FETTLE names the tool, "fettle" where it is not set; JOBS how many reviews run at once, 2.

For each rule, three numbers, of true, doubtful and false ones: how many are told, how many only with --uncertain, how many not at all. What was
judged in two draws counts once. The rules were mended by these findings, so the shares are no measure of new projects, but they tell whether
a change silences what is true. --list names those that are told though doubtful or false, and those that are true and not told.
"""
import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

FETTLE = os.environ.get("FETTLE", "fettle")
HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc")
ROW = re.compile(r"\| \d+ \| ([\w.-]+) \| ([\w-]+) \| (\S+?):(\d+) \| (.*) \|$")
VERDICTS = ("true", "doubtful", "false")
SEVERAL = ("error-leak", "missing-timeout", "secret-log", "shared-map")  # rules that tell of several places in one finding
TIERS = ("told", "uncertain", "not told")


def judgements():
    """Maps (project, rule, file, line) to what was said of it."""
    out = {}
    for page in [os.path.join(HOME, "review-noise.md"), *sorted(glob.glob(os.path.join(HOME, "review-noise", "*.md")))]:
        with open(page, encoding="utf-8") as lines:
            for line in lines:
                if found := ROW.match(line.strip()):
                    project, rule, file, at, said = found.groups()
                    out.setdefault((project, rule, file, int(at)), said.replace("**", ""))
    return out


def verdict(said):
    return next((v for v in VERDICTS if said.startswith(v)), "doubtful")


def review(folder, rules):
    only = [word for rule in rules for word in ("--rule", rule)]
    out = subprocess.run([FETTLE, "review", "--uncertain", "--format", "json", *only], cwd=folder, capture_output=True, text=True)
    if out.returncode not in (0, 1):
        raise SystemExit(f"{folder}: exit code {out.returncode}: {out.stderr[-2000:]}")
    return json.loads(out.stdout)["findings"]


def tiers(findings):
    """Maps (rule, file, line) to "told" or "uncertain". One finding may stand for several places, which are its evidence."""
    out = {}
    for finding in findings:
        places = [finding, *(finding.get("evidence") or [] if finding["rule"] in SEVERAL else [])]
        for place in places:
            key = (finding["rule"], place["file"], place["line"])
            if finding["confidence"] != "uncertain" or key not in out:
                out[key] = "uncertain" if finding["confidence"] == "uncertain" else "told"
    return out


def main(args):
    named = [arg for arg in args if arg != "--list"]
    copies, rules = named[0], named[1:]
    judged = {key: said for key, said in judgements().items() if os.path.isdir(os.path.join(copies, key[0])) and (not rules or key[1] in rules)}
    projects = sorted({key[0] for key in judged})
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        told = dict(zip(projects, pool.map(lambda p: tiers(review(os.path.join(copies, p), rules)), projects)))
    counts = collections.Counter()
    for (project, *place), said in judged.items():
        tier = told[project].get(tuple(place), "not told")
        counts[place[0], tier, verdict(said)] += 1
        if "--list" in args and (tier == "told") != (verdict(said) == "true"):
            if tier == "told" or verdict(said) == "true":
                print(f"{tier}: {project} {place[0]} {place[1]}:{place[2]}: {said}")
    print(f"{len(judged)} judged findings of {len(projects)} projects")
    print("%-20s" % "" + "".join("%-16s" % tier for tier in TIERS))
    for rule in [*sorted({key[0] for key in counts}), "all"]:
        sums = [[sum(n for (r, t, v), n in counts.items() if (r == rule or rule == "all") and t == tier and v == said) for said in VERDICTS] for tier in TIERS]
        print("%-20s" % rule + "".join("%-16s" % "/".join(map(str, s)) for s in sums))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
