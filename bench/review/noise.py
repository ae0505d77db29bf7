#!/usr/bin/env python3
"""How much `fettle review` tells on whole projects, and a draw of it for judging.

    bench/review/noise.py KEEP [NAME=FOLDER…] [--draw N] [--seed S] [--context LINES]

Reviews each folder and keeps what it answers as KEEP/NAME.json; what is kept already is not reviewed again. Prints for each
project its lines, its findings by severity, and how many lines there are to one that is critical or high. --draw N prints N
findings of all severities, drawn at random from all projects together by the seed, with the lines around each, for a person to
judge. FETTLE names the tool, JOBS how many reviews run at once.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import subprocess

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("keep")
parser.add_argument("projects", nargs="*", metavar="NAME=FOLDER")
parser.add_argument("--draw", type=int, default=0)
parser.add_argument("--seed", default="1")
parser.add_argument("--context", type=int, default=3)
options = parser.parse_args()


def review(project):
    name, folder = project.split("=", 1)
    file = os.path.join(options.keep, name + ".json")
    if not os.path.exists(file):
        out = subprocess.run([os.environ.get("FETTLE", "fettle"), "review", folder, "--format", "json"], capture_output=True, text=True)
        if out.returncode not in (0, 1):
            raise SystemExit(f"{name}: exit code {out.returncode}: {out.stderr[-2000:]}")
        with open(file, "w") as f:
            f.write(out.stdout)
    return name, folder, json.load(open(file))


os.makedirs(options.keep, exist_ok=True)
with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
    reviewed = list(pool.map(review, options.projects))

lines = loud = 0
pool = []
for name, folder, answer in reviewed:
    found = collections.Counter(f["severity"] for f in answer["findings"])
    n, many = found["critical"] + found["high"], answer["coverage"]["lines"]
    lines, loud = lines + many, loud + n
    told = ", ".join(f"{found[s]} {s}" for s in ("critical", "high", "medium", "low"))
    print(f"{name:20} {many:8} lines  {told:48}  1 in {many // n if n else many} critical or high")
    pool += [(name, folder, f) for f in answer["findings"]]
print(f"{'all':20} {lines:8} lines  {len(pool)} findings, 1 in {lines // max(1, loud)} critical or high")
rules = collections.Counter((f["rule"], f["severity"]) for _, _, f in pool)
for (rule, severity), n in sorted(rules.items()):
    print(f"    {rule:20} {severity:8} {n}")

drawn = random.Random(options.seed).sample(pool, min(options.draw, len(pool)))
for number, (name, folder, f) in enumerate(drawn, 1):
    print(f"\n#{number} {name} {f['rule']} {f['severity']} {f['file']}:{f['line']}\n   {f['message']}")
    for e in f["evidence"]:
        print(f"     {e['file']}:{e['line']} {e['what']}")
    try:
        text = open(os.path.join(folder, f["file"]), errors="replace").read().split("\n")
    except OSError:
        continue
    for i in range(max(0, f["line"] - 1 - options.context), min(len(text), f["line"] + options.context)):
        print(f"   {'>' if i + 1 == f['line'] else ' '} {i + 1}: {text[i][:170]}")
