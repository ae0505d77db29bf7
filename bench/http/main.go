// Command http measures what a request costs a built service, against what people would use in its place.
//
//	data set ─▶ a database a contender ─▶ a process a contender ─▶ answers compared ─▶ rounds of load ─▶ tables
//
// All contenders ask one PostgreSQL server, which is private, and are asked one after the other, round by round, so that
// what else the machine does meets all of them. The unit is the CPU time of a request, in the contender's processes and in
// its backends of Postgres: it stays true where the requests a second do not. From the root of the repository:
//
//	go run ./bench/http                              # 20 minutes
//	go run ./bench/http -scale 0.02 -time 1s         # a trial
//	go run ./bench/http -only ceiling,fettle -workloads W2 -profile /tmp/profiles
//
// The data set and the workloads are in data.go and workload.go. A contender is a file: how it is built, started and asked,
// and how its answers are read.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.Ltime)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := do(ctx, os.Args[1:]); err != nil {
		stop()
		log.Fatal(err)
	}
}

// do runs the role that the first argument names: the bench starts itself as load generator and as its own contenders.
func do(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "load":
		return generateLoad(os.Stdin, os.Stdout)
	case len(args) == 4 && args[0] == "serve":
		return serve(ctx, args[1], args[2], args[3])
	}
	o, err := readOptions(args)
	if err != nil {
		return err
	}
	return measure(ctx, o)
}

// options are what a run is asked for.
type options struct {
	scale       float64
	rounds      int
	time        time.Duration
	connections int
	favorites   bool // answers hold how many people like an article
	contenders  []contender
	workloads   []workload
	profiles    string // the folder for CPU profiles; empty for none
}

func readOptions(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("http", flag.ExitOnError)
	flags.Float64Var(&o.scale, "scale", 1, "how much of the data set is made")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each contender has its turn")
	flags.DurationVar(&o.time, "time", 5*time.Second, "how long a turn is")
	flags.IntVar(&o.connections, "connections", 32, "how many requests are under way")
	flags.BoolVar(&o.favorites, "favorites", true, "ask how many people like an article, too")
	flags.StringVar(&o.profiles, "profile", "", "a folder for CPU profiles of the contenders that are written in Go")
	only := flags.String("only", "", "the contenders, by name; all that can be built unless given")
	workloads := flags.String("workloads", "", "the workloads, by name; all unless given")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.contenders = slices.DeleteFunc(contenders(o.favorites), func(c contender) bool { return !named(*only, c.name) })
	o.workloads = slices.DeleteFunc(allWorkloads(), func(w workload) bool { return !named(*workloads, string(w)) })
	if len(o.contenders) == 0 || len(o.workloads) == 0 {
		return o, fmt.Errorf("no contender %q or no workload %q", *only, *workloads)
	}
	return o, nil
}

func named(list, name string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}

// measure is the whole run.
func measure(ctx context.Context, o options) error {
	b, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.fill(ctx); err != nil {
		return err
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	if err := b.compare(ctx); err != nil {
		return err
	}
	if err := b.countStatements(ctx); err != nil {
		return err
	}
	if o.profiles != "" {
		return b.profile(ctx)
	}
	if err := b.rounds(ctx); err != nil {
		return err
	}
	b.print(os.Stdout)
	return nil
}
