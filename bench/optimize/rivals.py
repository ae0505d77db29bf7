#!/usr/bin/env python3
"""The published algorithms on the workload of this bench, by a local copy of the evaluation that their authors keep.

    go run ./bench/optimize -database URL -scale 1 -workload > workload.sql
    python3 bench/optimize/rivals.py COPY workload.sql "host=127.0.0.1 user=postgres dbname=fettle_bench" [MB ...]

COPY is a folder with github.com/hyrise/index_selection_evaluation, of which nothing is kept here; psycopg2 is needed. The
database is the one that the bench made (fettle_bench_application with -schema application). Each line has what the bench prints: the budget, indexes, their size by HypoPG, the
planned cost relative to no index, EXPLAINs and seconds.
"""

import re
import sys
import time

copy, workload_file, dsn, *budgets = sys.argv[1:]
sys.path.insert(0, copy)

import psycopg2  # noqa: E402
from selection.algorithms.anytime_algorithm import AnytimeAlgorithm  # noqa: E402
from selection.algorithms.auto_admin_algorithm import AutoAdminAlgorithm  # noqa: E402
from selection.algorithms.db2advis_algorithm import DB2AdvisAlgorithm  # noqa: E402
from selection.algorithms.drop_heuristic_algorithm import DropHeuristicAlgorithm  # noqa: E402
from selection.algorithms.extend_algorithm import ExtendAlgorithm  # noqa: E402
from selection.algorithms.relaxation_algorithm import RelaxationAlgorithm  # noqa: E402
from selection.cost_evaluation import CostEvaluation  # noqa: E402
from selection.dbms.postgres_dbms import PostgresDatabaseConnector  # noqa: E402
from selection.workload import Column, Query, Table, Workload  # noqa: E402


class Connector(PostgresDatabaseConnector):
    """Theirs, at a database anywhere."""

    def create_connection(self):
        self._connection = psycopg2.connect(self.db_name)
        self._connection.autocommit = True
        self._cursor = self._connection.cursor()

    def drop_indexes(self):
        """Theirs drops all; primary keys are here for all contenders."""


def read_workload(connection):
    """Each statement with the columns that it names, of the tables that it names."""
    tables = {}
    for table, name in connection.exec_fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'public'"
        " and table_name not like 'hypopg%' order by table_name, ordinal_position", one=False):
        tables.setdefault(table, Table(table))
        tables[table].add_column(Column(name))
    text = re.sub(r"(?m)^--.*$", "", open(workload_file).read())
    queries = []
    for number, statement in enumerate(s.strip() for s in text.split(";") if s.strip()):
        words = set(re.findall(r"[a-z_0-9]+", statement))
        queries.append(Query(number, statement, [c for t in sorted(words & tables.keys()) for c in tables[t].columns if c.name in words]))
    return Workload(queries)


def run(label, algorithm, parameters, budget=None):
    connection = Connector(dsn)
    workload = read_workload(connection)
    began = time.time()
    chosen = list(algorithm(connection, parameters).calculate_best_indexes(workload))
    took, asked = time.time() - began, connection.cost_estimations
    judge = CostEvaluation(connection)
    before = judge.calculate_cost(workload, [])
    after = judge.calculate_cost(workload, chosen, store_size=True)
    size = 0
    for index in judge.current_indexes:
        size += judge.what_if.estimate_index_size(index.hypopg_oid)
    judge.complete_cost_estimation()
    connection.close()
    print(f"{label:16} {budget or '':>6} {len(chosen):3} {size / 2**20:7.0f} {after / before:7.4f} {asked:6} {took:7.1f}", flush=True)


print(f"{'algorithm':16} {'budget':>6} {'n':>3} {'MB':>7} {'rel':>7} {'EXPL':>6} {'s':>7}")
for mb in map(int, budgets or ["100", "250", "500", "1000", "1500"]):
    for width in 2, 3:
        run(f"Extend {width}", ExtendAlgorithm, {"budget_MB": mb, "max_index_width": width}, mb)
    run("Anytime 2", AnytimeAlgorithm, {"budget_MB": mb, "max_index_width": 2, "max_runtime_minutes": 1}, mb)
    run("Relaxation 2", RelaxationAlgorithm, {"budget_MB": mb, "max_index_width": 2}, mb)
    run("DB2Advis 2", DB2AdvisAlgorithm, {"budget_MB": mb, "max_index_width": 2, "try_variations_seconds": 0}, mb)
for most in 2, 4, 6, 8, 10:
    run(f"AutoAdmin 2 {most}", AutoAdminAlgorithm, {"max_indexes": most, "max_index_width": 2})
    run(f"Drop {most}", DropHeuristicAlgorithm, {"max_indexes": most})
