// Command size measures what it costs to build a service of a given number of entities: time, the peak memory of the
// largest compiler process, the size of the binary. Run by hand from the root of the repository:
//
//	go run ./bench/size 20 100 300
//
// Cold is an empty build cache (standard library and dependencies included), warm is a cache that lacks only the
// service's own packages, edit is a rebuild after one business file has changed. The figures stand in doc/performance.md.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	if os.Getenv(peakFile) != "" {
		os.Exit(underToolexec(os.Args[1:]))
	}
	fmt.Println("| entities | Go lines | build | time s | largest compiler MiB | binary MiB |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, arg := range os.Args[1:] {
		entities, err := strconv.Atoi(arg)
		if err != nil {
			log.Fatalf("entities %q: %v", arg, err)
		}
		if err := measure(entities); err != nil {
			log.Fatal(err)
		}
	}
}

func measure(entities int) error {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	project, cache := filepath.Join(dir, "many"), filepath.Join(dir, "cache")
	if err := write(project, entities); err != nil {
		return err
	}
	if out, err := exec.Command("go", "run", ".", "generate", project).CombinedOutput(); err != nil {
		return fmt.Errorf("generate %s: %w\n%s", project, err, out)
	}
	lines, err := countLines(project)
	if err != nil {
		return err
	}
	for _, kind := range []string{"cold", "warm", "edit"} {
		if err := prepare(kind, project); err != nil {
			return err
		}
		result, err := build(project, cache)
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %d | %s | %.1f | %d | %.1f |\n", entities, lines, kind,
			result.time.Seconds(), result.peak>>20, float64(result.binary)/(1<<20))
	}
	return nil
}

// write makes a project of ten entities a module, each with eight fields, two of them references inside its module.
func write(project string, entities int) error {
	if err := os.MkdirAll(filepath.Join(project, "design"), 0o755); err != nil {
		return err
	}
	const perModule = 10
	for first := 0; first < entities; first += perModule {
		var b strings.Builder
		if first == 0 {
			b.WriteString("extend schema @backend(name: \"many\", module: \"example.com/many\")\n\n")
		}
		fmt.Fprintf(&b, "enum State%d { OPEN CLOSED }\n\n", first)
		for i := first; i < min(first+perModule, entities); i++ {
			fmt.Fprintf(&b, `"Thing number %d."
type Thing%d @entity @allow(do: READ, when: "open") @allow(do: [CREATE, UPDATE, DELETE], when: "true") {
  name: String! @length(min: 1, max: 80) @unique
  note: String @length(max: 2000)
  state: State%d! @default(value: OPEN)
  open: Boolean! @default(value: true)
  count: Int! @range(min: 0)
  price: Decimal!
`, i, i, first)
			if i > first {
				fmt.Fprintf(&b, "  before: Thing%d!\n  after: Thing%d @onDelete(do: SET_NULL)\n", first, i-1)
			}
			b.WriteString("}\n\n")
		}
		fmt.Fprintf(&b, "extend type Mutation { close%d(thing%d: ID!): Thing%d! @allow(when: \"thing%d.open\") }\n", first, first, first, first)
		name := filepath.Join(project, "design", fmt.Sprintf("module%d.graphql", first/perModule))
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the state of the cache that kind names: the first build fills it.
func prepare(kind, project string) error {
	files, err := filepath.Glob(filepath.Join(project, "*", "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		business := strings.HasSuffix(file, "module0/module0.go")
		if kind == "cold" || kind == "edit" && !business {
			continue
		}
		if err := appendLine(file, "\n// "+kind+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func appendLine(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

type result struct {
	time   time.Duration
	peak   int64 // bytes
	binary int64 // bytes
}

func build(project, cache string) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	peaks := filepath.Join(filepath.Dir(project), "peaks")
	if err := os.RemoveAll(peaks); err != nil {
		return result{}, err
	}
	binary := filepath.Join(filepath.Dir(project), "service")
	cmd := exec.Command("go", "build", "-o", binary, "-ldflags=-s -w", "-toolexec="+self, "./cmd/many")
	cmd.Dir = project
	cmd.Env = append(os.Environ(), "GOCACHE="+cache, peakFile+"="+peaks)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return result{}, fmt.Errorf("build of %s: %w\n%s", project, err, out)
	}
	took := time.Since(start)
	info, err := os.Stat(binary)
	if err != nil {
		return result{}, err
	}
	peak, err := largest(peaks)
	return result{took, peak, info.Size()}, err
}

// peakFile names the variable that says where a tool's peak memory is written. Where it is set this program runs as
// go build's -toolexec.
const peakFile = "SIZE_PEAK_FILE"

func underToolexec(args []string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && filepath.Base(args[0]) == "compile" {
		_ = appendOrCreate(os.Getenv(peakFile), fmt.Sprintln(usage.Maxrss*1024))
	}
	if err != nil {
		return 1
	}
	return 0
}

func appendOrCreate(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func largest(file string) (int64, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var most int64
	for line := range strings.Lines(string(data)) {
		n, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		most = max(most, n)
	}
	return most, nil
}

func countLines(project string) (int, error) {
	files, err := filepath.Glob(filepath.Join(project, "*", "*.go"))
	total := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		total += bytes.Count(data, []byte("\n"))
	}
	return total, err
}
