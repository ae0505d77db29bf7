#!/usr/bin/env python3
"""index_advisor on the workload of this bench, by a local copy of it.

    go run ./bench/optimize -database URL -scale 1 -workload > workload.sql
    python3 bench/optimize/index_advisor.py COPY workload.sql postgres://postgres@127.0.0.1/fettle_bench

COPY is index_advisor--0.2.0.sql of github.com/supabase/index_advisor, of which nothing is kept here; its function is made for the
session alone. psycopg2 is needed. It advises one statement at a time and knows no budget: what it says for each is put together, and
at each budget taken in the order of what the statement gains by its indexes a megabyte, as far as there is room. Each line has what
the bench prints: the budget, indexes, their size by HypoPG, the planned cost relative to no index, EXPLAINs and seconds.
"""

import json
import re
import sys
import time

import psycopg2

copy, workload_file, url, *budgets = sys.argv[1:]
text = re.sub(r"(?m)^--.*$", "", open(workload_file).read())
statements = [s.strip() for s in text.split(";") if s.strip()]
connection = psycopg2.connect(url)
connection.autocommit = True
cursor = connection.cursor()
cursor.execute(open(copy).read().replace("function index_advisor(", "function pg_temp.index_advisor("))


def cost():
    total = 0
    for statement in statements:
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement)
        plan = cursor.fetchone()[0]
        total += (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Total Cost"]
    return total


before = cost()
began = time.time()
gains, silent = {}, 0
for statement in statements:
    cursor.execute("SELECT total_cost_before, total_cost_after, index_statements, errors FROM pg_temp.index_advisor(%s)", (statement,))
    was, is_now, indexes, errors = cursor.fetchone()
    if errors:
        print(f"{statement[:60]!r}: {errors[0]}", file=sys.stderr)
    silent += not indexes
    for index in indexes:
        gains[index] = gains.get(index, 0) + (float(was) - float(is_now)) / len(indexes)
took = time.time() - began

sizes = {}
for index in gains:
    cursor.execute("SELECT hypopg_relation_size(indexrelid) FROM hypopg_create_index(%s)", (index,))
    sizes[index] = cursor.fetchone()[0]
    cursor.execute("SELECT hypopg_reset()")
print(f"{len(statements)} statements, {silent} of them without an index")
print(f"{'budget':>8} {'n':>3} {'MB':>7} {'rel':>7} {'EXPL':>6} {'s':>7}")
for budget in [*map(float, budgets or ["100", "250", "500", "1000", "1500"]), float("inf")]:
    taken, size = [], 0
    for index in sorted(gains, key=lambda i: (-gains[i] / sizes[i], i)):
        if size + sizes[index] <= budget * 2**20:
            taken.append(index)
            size += sizes[index]
    for index in taken:
        cursor.execute("SELECT hypopg_create_index(%s)", (index,))
    after = cost()
    cursor.execute("SELECT hypopg_reset()")
    print(f"{budget:8.0f} {len(taken):3} {size / 2**20:7.0f} {after / before:7.4f} {2 * len(statements):6} {took:7.1f}", flush=True)
