// Command optimize measures "fettle optimize" on a schema and a workload of its own, at several budgets of storage:
//
//	go run ./bench/optimize -database postgres://postgres@127.0.0.1/postgres -scale 0.1
//
// -schema application takes an application's tables in place of a wholesaler's, -seed other statements of the same manner.
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
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/internal/applike"
	"github.com/fettlehq/fettle/optimize"
)

func main() {
	log.SetFlags(0)
	database := flag.String("database", "", "URL of a server's database from which fettle_bench can be made")
	scale := flag.Float64("scale", 0.1, "size; 1 is six million lines")
	budgets := flag.String("budgets", "", "budgets in MB, such as 10,25,50; empty: those of the schema, times the scale")
	run := flag.Bool("run", true, "also build the indexes of each budget and run the statements")
	schema := flag.String("schema", "wholesale", "what is asked: wholesale or application")
	seed := flag.Uint64("seed", 0, "takes two thirds of the statements, with other constants")
	only := flag.Bool("workload", false, "print the statements and do no more")
	keep := flag.Bool("keep", false, "use the database of an earlier run as it is")
	list := flag.Bool("list", false, "also print the indexes that are chosen")
	flag.Parse()
	b := bench{scale: *scale, run: *run, keep: *keep, list: *list}
	switch *schema {
	case "wholesale":
		b.database, b.tables, b.workload = "fettle_bench", append([]string{wholesale}, fill(*scale)...), workload
		b.budgets = []float64{100, 250, 500, 1000, 1500}
	case "application":
		b.database, b.tables, b.workload = "fettle_bench_application", []string{applike.SQL(*scale)}, application
		b.budgets = []float64{10, 25, 50, 100, 150}
	default:
		log.Fatalf("-schema %q: it is wholesale or application", *schema)
	}
	for i := range b.budgets {
		b.budgets[i] *= *scale
	}
	if *budgets != "" {
		b.budgets = sizes(*budgets)
	}
	b.workload = reseeded(b.workload, *seed)
	if *only {
		os.Stdout.WriteString(b.workload) //nolint:errcheck // there is nobody to tell
		return
	}
	if err := b.measure(context.Background(), *database); err != nil {
		log.Fatal(err)
	}
}

// bench is what is measured.
type bench struct {
	database string // that is made
	tables   []string
	workload string
	scale    float64
	budgets  []float64 // MB

	run, keep, list bool
}

func (b *bench) measure(ctx context.Context, server string) error {
	target, err := b.prepare(ctx, server)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	statements, _ := optimize.ParseWorkload("workload.sql", b.workload)
	fmt.Printf("scale %v, %d statements\n", b.scale, len(statements))
	fmt.Printf("%8s %7s %7s %7s %8s %9s %9s %8s %9s\n", "budget", "indexes", "MB", "rel", "EXPLAINs", "seconds", "real MB", "real rel", "time rel")
	var base, baseTime float64
	var each []float64
	if b.run {
		if base, each, err = answer(ctx, conn, statements); err != nil {
			return err
		}
		baseTime = sum(each)
		fmt.Printf("%8s %7d %7d %7.4f %8s %9s %9s %8.4f %9.3f (%.1f s)\n", "none", 0, 0, 1.0, "", "", "", 1.0, 1.0, baseTime/1000)
	}
	for _, mb := range b.budgets {
		start := time.Now()
		report, err := optimize.Run(ctx, optimize.Options{Database: target, Statements: statements, Budget: mb * (1 << 20), Ruler: true})
		if err != nil {
			return err
		}
		took := time.Since(start).Seconds()
		line := fmt.Sprintf("%8.0f %7d %7.0f %7.4f %8d %9.1f", mb, len(report.Chosen), report.Size/(1<<20), report.After/report.Before, report.Explains, took)
		if b.run {
			if line, err = real(ctx, conn, statements, report, line, base, each); err != nil {
				return err
			}
		}
		fmt.Println(line)
		for _, index := range report.Chosen {
			if b.list {
				fmt.Printf("         %s\n", index)
			}
		}
	}
	return nil
}

// real builds the indexes, plans and runs the statements, and drops the indexes.
func real(ctx context.Context, conn *pgx.Conn, statements []*optimize.Statement, report *optimize.Report, line string, base float64, before []float64) (string, error) {
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
	cost, after, err := answer(ctx, conn, statements)
	if err != nil {
		return line, err
	}
	line = fmt.Sprintf("%s %9.0f %8.4f %9.3f", line, float64(size)/(1<<20), cost/base, sum(after)/sum(before))
	for i, ms := range after {
		if ms > 1.3*before[i] {
			line += fmt.Sprintf("\n         slower: %s, %.0f ms → %.0f ms", statements[i].Name, before[i], ms)
		}
	}
	return line, nil
}

func sum(each []float64) (total float64) {
	for _, ms := range each {
		total += ms
	}
	return total
}

// answer plans and runs the statements, each three times, adds up the costs and tells the median times.
func answer(ctx context.Context, conn *pgx.Conn, statements []*optimize.Statement) (cost float64, ms []float64, err error) {
	for _, s := range statements {
		var times []float64
		for run := range 3 {
			var plan []byte
			if err := conn.QueryRow(ctx, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+s.Text).Scan(&plan); err != nil {
				return 0, nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			total, took, err := optimize.ReadCost(plan)
			if err != nil {
				return 0, nil, err
			}
			if run == 0 {
				cost += total
			}
			times = append(times, took)
		}
		slices.Sort(times)
		ms = append(ms, times[1])
	}
	return cost, ms, nil
}

func (b *bench) prepare(ctx context.Context, server string) (string, error) {
	parsed, err := url.Parse(server)
	if err != nil || server == "" {
		return "", fmt.Errorf("-database %q: a URL such as postgres://postgres@127.0.0.1/postgres is needed", server)
	}
	of := *parsed
	of.Path = "/" + b.database
	if b.keep {
		return of.String(), nil
	}
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer admin.Close(ctx)
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + b.database, "CREATE DATABASE " + b.database} {
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
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+b.database+" SET "+settings); err != nil {
			return "", err
		}
	}
	for _, statement := range slices.Concat([]string{"CREATE EXTENSION hypopg"}, b.tables, []string{"CHECKPOINT", "VACUUM ANALYZE"}) {
		for _, part := range strings.Split(statement, ";\n") {
			if _, err := conn.Exec(ctx, part); err != nil {
				return "", fmt.Errorf("%.80s: %w", part, err)
			}
		}
	}
	return of.String(), nil
}

func sizes(text string) []float64 {
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		var mb float64
		if _, err := fmt.Sscan(part, &mb); err == nil {
			out = append(out, mb)
		}
	}
	return out
}
