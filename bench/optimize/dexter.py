#!/usr/bin/env python3
"""Dexter on the workload of this bench, by a local copy of it.

    go run ./bench/optimize -database URL -scale 1 -workload > workload.sql
    python3 bench/optimize/dexter.py COPY workload.sql postgres://postgres@127.0.0.1/fettle_bench

COPY is a folder with github.com/ankane/dexter, of which nothing is kept here; Ruby with the gems pg, pg_query and slop, and psycopg2 are
needed. Dexter takes no budget but the share of a statement's cost that an index has to save (10, 50 and 90 %; 50 is its default). Each
line has what the bench prints: that share, indexes, their size by HypoPG, the planned cost relative to no index, EXPLAINs and seconds.
"""

import json
import re
import subprocess
import sys
import tempfile
import time

import psycopg2

copy, workload_file, url = sys.argv[1:]
text = re.sub(r"(?m)^--.*$", "", open(workload_file).read())
statements = [s.strip() for s in text.split(";") if s.strip()]
connection = psycopg2.connect(url)
connection.autocommit = True
cursor = connection.cursor()


def cost():
    total = 0
    for statement in statements:
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement)
        plan = cursor.fetchone()[0]
        total += (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Total Cost"]
    return total


before = cost()
print(f"{'savings':>8} {'n':>3} {'MB':>7} {'rel':>7} {'EXPL':>6} {'s':>7}")
for savings in 10, 50, 90:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as plain:
        plain.write(text)
        plain.flush()
        began = time.time()
        ran = subprocess.run(
            ["ruby", f"-I{copy}/lib", f"{copy}/exe/dexter", "-d", url, plain.name, "--input-format", "sql", "--min-calls", "0",
             "--min-cost-savings-pct", str(savings), "--log-sql"],
            capture_output=True, text=True, check=True)
        took = time.time() - began
    found = re.findall(r"Index found: (\S+) \((.*)\)", ran.stdout)
    size = 0
    for table, columns in found:
        cursor.execute("SELECT hypopg_relation_size(indexrelid) FROM hypopg_create_index(%s)", (f"CREATE INDEX ON {table} ({columns})",))
        size += cursor.fetchone()[0]
    after = cost()
    cursor.execute("SELECT hypopg_reset()")
    print(f"{savings:7}% {len(found):3} {size / 2**20:7.0f} {after / before:7.4f} {ran.stdout.count('EXPLAIN'):6} {took:7.1f}", flush=True)
