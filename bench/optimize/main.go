// Command optimize measures "fettle optimize" on a schema and a workload of its own, at several budgets of storage:
//
//	go run ./bench/optimize -database postgres://postgres@127.0.0.1/postgres -scale 0.1
//
// It makes the database fettle_bench on that server, with HypoPG, and prints for each budget the workload's planned cost
// relative to no index, the EXPLAINs and the wall time, then the same with the indexes built for real, and the time that
// the statements took. Sizes of the budget are HypoPG's, so that others can be judged by the same ruler.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/optimize"
)

func main() {
	log.SetFlags(0)
	database := flag.String("database", "", "URL of a server's database from which fettle_bench can be made")
	scale := flag.Float64("scale", 0.1, "size; 1 is six million lines")
	budgets := flag.String("budgets", "", "budgets in MB, such as 10,25,50; empty: 100, 250, 500, 1000 and 1500 times the scale")
	run := flag.Bool("run", true, "also build the indexes of each budget and run the statements")
	only := flag.Bool("workload", false, "print the statements and do no more")
	keep := flag.Bool("keep", false, "use the database of an earlier run as it is")
	flag.Parse()
	if *only {
		os.Stdout.WriteString(workload) //nolint:errcheck // there is nobody to tell
		return
	}
	if err := bench(context.Background(), *database, *scale, *budgets, *run, *keep); err != nil {
		log.Fatal(err)
	}
}

func bench(ctx context.Context, server string, scale float64, budgets string, run, keep bool) error {
	target, err := prepare(ctx, server, scale, keep)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	statements, _ := optimize.ParseWorkload("workload.sql", workload)
	fmt.Printf("scale %v, %d statements\n", scale, len(statements))
	fmt.Printf("%8s %7s %7s %7s %8s %9s %9s %8s %9s\n", "budget", "indexes", "MB", "rel", "EXPLAINs", "seconds", "real MB", "real rel", "time rel")
	var base, baseTime float64
	if run {
		if base, baseTime, err = answer(ctx, conn, statements); err != nil {
			return err
		}
		fmt.Printf("%8s %7d %7d %7.4f %8s %9s %9s %8.4f %9.3f (%.1f s)\n", "none", 0, 0, 1.0, "", "", "", 1.0, 1.0, baseTime/1000)
	}
	for _, mb := range sizes(budgets, scale) {
		start := time.Now()
		report, err := optimize.Run(ctx, optimize.Options{Database: target, Statements: statements, Budget: mb * (1 << 20), Ruler: true})
		if err != nil {
			return err
		}
		took := time.Since(start).Seconds()
		line := fmt.Sprintf("%8.0f %7d %7.0f %7.4f %8d %9.1f", mb, len(report.Chosen), report.Size/(1<<20), report.After/report.Before, report.Explains, took)
		if run {
			if line, err = real(ctx, conn, statements, report, line, base, baseTime); err != nil {
				return err
			}
		}
		fmt.Println(line)
	}
	return nil
}

// real builds the indexes, plans and runs the statements, and drops the indexes.
func real(ctx context.Context, conn *pgx.Conn, statements []*optimize.Statement, report *optimize.Report, line string, base, baseTime float64) (string, error) {
	size := int64(0)
	for _, index := range report.Chosen {
		if _, err := conn.Exec(ctx, index.Create("", index.Name())); err != nil {
			return line, err
		}
		defer conn.Exec(ctx, "DROP INDEX "+index.Name()) //nolint:errcheck // a bench database
		var bytes int64
		if err := conn.QueryRow(ctx, "SELECT pg_relation_size($1::regclass)", index.Name()).Scan(&bytes); err != nil {
			return line, err
		}
		size += bytes
	}
	cost, took, err := answer(ctx, conn, statements)
	return fmt.Sprintf("%s %9.0f %8.4f %9.3f", line, float64(size)/(1<<20), cost/base, took/baseTime), err
}

// answer plans and runs the statements, each twice, and adds up costs and the shorter times.
func answer(ctx context.Context, conn *pgx.Conn, statements []*optimize.Statement) (cost, ms float64, err error) {
	for _, s := range statements {
		best := 0.0
		for run := range 2 {
			var plan []byte
			if err := conn.QueryRow(ctx, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+s.Text).Scan(&plan); err != nil {
				return 0, 0, fmt.Errorf("%s: %w", s.Name, err)
			}
			total, took, err := optimize.ReadCost(plan)
			if err != nil {
				return 0, 0, err
			}
			if run == 0 {
				cost, best = cost+total, took
			}
			best = min(best, took)
		}
		ms += best
	}
	return cost, ms, nil
}

func prepare(ctx context.Context, server string, scale float64, keep bool) (string, error) {
	parsed, err := url.Parse(server)
	if err != nil || server == "" {
		return "", fmt.Errorf("-database %q: a URL such as postgres://postgres@127.0.0.1/postgres is needed", server)
	}
	of := *parsed
	of.Path = "/fettle_bench"
	if keep {
		return of.String(), nil
	}
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer admin.Close(ctx)
	for _, statement := range []string{"DROP DATABASE IF EXISTS fettle_bench", "CREATE DATABASE fettle_bench"} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			return "", err
		}
	}
	conn, err := pgx.Connect(ctx, of.String())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	for _, settings := range []string{"work_mem = '32MB'", "jit = off", "statement_timeout = '10min'"} {
		if _, err := conn.Exec(ctx, "ALTER DATABASE fettle_bench SET "+settings); err != nil {
			return "", err
		}
	}
	for _, statement := range append([]string{"CREATE EXTENSION hypopg", schema}, append(fill(scale), "VACUUM ANALYZE")...) {
		for _, part := range strings.Split(statement, ";\n") {
			if _, err := conn.Exec(ctx, part); err != nil {
				return "", fmt.Errorf("%.80s: %w", part, err)
			}
		}
	}
	return of.String(), nil
}

func sizes(text string, scale float64) []float64 {
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		var mb float64
		if _, err := fmt.Sscan(part, &mb); err == nil {
			out = append(out, mb)
		}
	}
	if len(out) == 0 {
		for _, mb := range []float64{100, 250, 500, 1000, 1500} {
			out = append(out, mb*scale)
		}
	}
	return out
}
