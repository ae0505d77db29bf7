#!/usr/bin/env python3
"""How fast `fettle review` is beside go vet, staticcheck and gosec on the same tree, as ratios to go vet in one run.

    bench/review/speed.py MODULE [--rounds N]

MODULE is the folder of a Go module that builds. What it imports is compiled first, and each round begins with a copy of that
build cache, so that nobody compiles libraries and nobody finds his own answers of the round before; `fettle warm` is the
review of files whose facts are kept. The tools take turns within a round. Printed are the medians of wall time, of CPU time of
the tool with all that it starts, and of the largest memory of one process. FETTLE names the tool; the others are those that
tools/go.mod pins. A second row of fettle has no types of libraries: the module cache is hidden from it (the syntax tier).
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("module")
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
here = os.path.dirname(os.path.abspath(__file__))
module = os.path.abspath(options.module)


def pinned(name):
    return subprocess.run(["go", "-C", os.path.join(here, "tools"), "tool", "-n", name], capture_output=True, text=True, check=True).stdout.strip()


FETTLE, STATICCHECK, GOSEC = os.environ.get("FETTLE", "fettle"), pinned("staticcheck"), pinned("gosec")


def measure(command, env):
    """Wall and CPU seconds and mebibytes of a command. Its exit code says whether it found something."""
    began = time.monotonic()
    with open(os.devnull, "w") as null:
        process = subprocess.Popen(command, cwd=module, env=os.environ | env, stdout=null, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command}: exit code {process.returncode}: {said.decode()[-2000:]}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


with tempfile.TemporaryDirectory() as work:
    primed = os.path.join(work, "primed")
    subprocess.run(["go", "build", "-o", os.devnull, "./..."], cwd=module, env=os.environ | {"GOCACHE": primed}, check=True)
    kept = os.path.join(work, "kept")
    tools = {
        "go vet": (["go", "vet", "./..."], {}),
        "staticcheck": ([STATICCHECK, "./..."], {"STATICCHECK_CACHE": os.path.join(work, "staticcheck")}),
        "gosec": ([GOSEC, "-quiet", "./..."], {}),
        "fettle": ([FETTLE, "review", "--no-cache", "."], {}),
        "fettle, syntax": ([FETTLE, "review", "--no-cache", "."], {"GOMODCACHE": os.path.join(work, "empty")}),
        "fettle, warm": ([FETTLE, "review", "."], {"XDG_CACHE_HOME": kept}),
    }
    measure(*tools["fettle, warm"])
    rounds = {name: [] for name in tools}
    for _ in range(options.rounds):
        for name, (command, env) in tools.items():
            cache = os.path.join(work, "cache")
            shutil.rmtree(cache, ignore_errors=True)
            shutil.rmtree(os.path.join(work, "staticcheck"), ignore_errors=True)
            if name in ("go vet", "staticcheck", "gosec"):
                shutil.copytree(primed, cache)
                env = env | {"GOCACHE": cache}
            rounds[name].append(measure(command, env))
    base = statistics.median(cpu for _, cpu, _ in rounds["go vet"])
    print(f"{'':16} {'wall':>8} {'CPU':>8} {'memory':>10}   CPU to that of go vet")
    for name, runs in rounds.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs))
        spread = " ".join(f"{r[1] / base:.2f}" for r in runs)
        print(f"{name:16} {wall:6.1f} s {cpu:6.1f} s {memory:6.0f} MiB   {cpu / base:.2f} ({spread})")
