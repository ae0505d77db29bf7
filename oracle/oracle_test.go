package oracle

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

var (
	first       = flag.Uint64("seed", 1, "the seed of the first design")
	howMany     = flag.Uint64("designs", shortForm, "how many designs")
	requests    = flag.Int("requests", 110, "requests of each design")
	comparisons = flag.Int("comparisons", 0, "go on until so many answers have been compared, whatever -designs says")
	unshrunk    = flag.Bool("unshrunk", false, "report what differs as it is: to make it small takes minutes")
	on          = flag.String("on", "sqlite,postgres", "the databases")
)

// shortForm is how many designs CI compares: enough for each of the features.
const shortForm = 40

// open gives an empty database. On Postgres it is one for each purpose, emptied before it is used again.
func open(t testing.TB, name, purpose string) sqldb.Database {
	t.Helper()
	if name == "sqlite" {
		db, err := sqlite.Driver.Open(context.Background(), "sqlite::memory:")
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	if databases[purpose] == "" {
		databases[purpose] = kittest.Postgres(t) + "&jit=off"
		// Random conditions nest as no person's do, and no table is analysed: Postgres now and then plans for minutes what
		// takes it milliseconds to run. What takes more than ten seconds is left out, and counted.
		if purpose != "matrix" {
			databases[purpose] += "&statement_timeout=10000"
		}
	}
	db, err := postgres.Driver.Open(context.Background(), databases[purpose])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Handle().Exec("DROP SCHEMA public CASCADE"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Handle().Exec("CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	return db
}

// databases are the URLs of Postgres, by purpose.
var databases = map[string]string{}

// differs runs a case from its beginning.
func differs(t testing.TB, c Case, name string) (d *Difference, steps []Step) {
	p, problems, err := blueprintOf(c.Design)
	if err != nil || problems != nil {
		return nil, nil
	}
	s, err := newSchema(c.Design)
	if err != nil {
		return nil, nil
	}
	db := open(t, name, "shrink")
	defer db.Close()
	made, err := newProduct(name, p, db)
	if err != nil {
		return nil, nil
	}
	defer func() {
		if v := recover(); v != nil {
			d = nil
		}
	}()
	steps = s.fitted(c.Steps)
	return newRunner(s, []*product{made}).run(steps), steps
}

// Each file of testdata is a rule that was broken once, on both databases.
func TestFound(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ParseCase(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"sqlite", "postgres"} {
				if d := replay(t, c, name); d != nil {
					t.Error(d)
				}
			}
		})
	}
}

// replay runs a case as it stands.
func replay(t *testing.T, c Case, name string) *Difference {
	p, problems, err := blueprintOf(c.Design)
	if err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	s, err := newSchema(c.Design)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, name, "main")
	defer db.Close()
	made, err := newProduct(name, p, db)
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(s, []*product{made})
	d := r.run(c.Steps)
	if d == nil && r.compared != len(c.Steps) {
		t.Fatalf("%d of %d steps were compared", r.compared, len(c.Steps))
	}
	return d
}

// Random designs, rows and requests: what the product answers on each database is what the reference says.
//
//	go -C oracle test -run EveryPath -designs 1 -seed 1234        one design again
//	go -C oracle test -run EveryPath -comparisons 1000000 -timeout 0
func TestEveryPath(t *testing.T) {
	all := tally{coverage: coverage{}}
	seed := *first
	for ; all.compared < *comparisons || *comparisons == 0 && seed < *first+*howMany; seed++ {
		if failed := !t.Run(fmt.Sprint(seed), func(t *testing.T) { compareDesign(t, seed, &all) }); failed && *comparisons > 0 {
			break
		}
		if *comparisons > 0 {
			fmt.Printf("seed %d: %d answers compared\n", seed, all.compared)
		}
	}
	if *howMany >= shortForm || *comparisons > 0 {
		if missing := all.coverage.missing(); len(missing) > 0 {
			t.Errorf("nothing was compared of: %s", strings.Join(missing, ", "))
		}
	}
	for _, feature := range features {
		t.Logf("%7d of %s", all.coverage[feature], feature)
	}
	t.Logf("designs %d to %d on %s: %d answers compared, with %d values; left out: %d requests by people who are gone, %d that took more than ten seconds", *first, seed-1, *on, all.compared, all.values, all.skipped, all.slow)
}

type tally struct {
	compared, values, skipped, slow int
	coverage                        coverage
}

func compareDesign(t *testing.T, seed uint64, all *tally) {
	random := rand.New(rand.NewPCG(seed, 1))
	p, err := soundDesign(random)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSchema(p.text)
	if err != nil {
		t.Fatal(err)
	}
	var products []*product
	for name := range strings.SplitSeq(*on, ",") {
		db := open(t, name, "main")
		defer db.Close()
		made, err := newProduct(name, p, db)
		if err != nil {
			t.Fatalf("%v\n%s", err, p.text)
		}
		products = append(products, made)
	}
	r := newRunner(s, products)
	c := &caller{Rand: random, world: r.world, made: map[*Type]int{}}
	var done []Step
	do := func(step Step) {
		done = append(done, step)
		if d := r.step(len(done)-1, &done[len(done)-1]); d != nil {
			report(t, seed, Case{p.text, done}, d)
		}
	}
	for range 8 {
		for _, e := range s.Entities {
			c.settle()
			do(c.creation(e, "system"))
		}
	}
	for range *requests {
		do(c.step())
	}
	for feature, n := range r.coverage {
		all.coverage[feature] += n
	}
	all.compared += r.compared
	all.values += r.values
	all.skipped += r.skipped
	all.slow += r.slow
}

// report fails with the smallest case that differs in the same way, as a file for testdata.
func report(t *testing.T, seed uint64, c Case, d *Difference) {
	if *unshrunk {
		last := c.Steps[len(c.Steps)-1]
		t.Fatalf("seed %d: %v\n%s\n%s", seed, d, text(last), c.Design)
	}
	kind := d.kind(c.Steps)
	small := shrink(c, func(c Case) bool {
		again, steps := differs(t, c, d.Product)
		return again != nil && again.kind(steps) == kind
	})
	again, steps := differs(t, small, d.Product)
	if again == nil { // an earlier design's rows, or time, have a part in it
		t.Fatalf("seed %d: %v\n%s", seed, d, c.Format("It does not repeat."))
	}
	small.Steps = steps
	t.Fatalf("seed %d: %v\nin small:\n%v\n%s", seed, d, again, small.Format("The rule that this breaks."))
}
