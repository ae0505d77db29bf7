package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/pipeline/dev"
)

type devCommand struct {
	Dir  string   `arg:"" optional:"" default:"." help:"Folder of the project."`
	Addr string   `default:"127.0.0.1:8080" help:"Address to listen on; port 0 takes a free one."`
	Env  []string `placeholder:"KEY=VALUE" sep:"none" help:"Setting for the service; may be repeated."`
	Kit  string   `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is an example.
func (devCommand) Help() string {
	return "Example: fettle dev examples/shop --addr 127.0.0.1:0 --env LOG_LEVEL=debug"
}

// Run serves until it is told to end.
func (c devCommand) Run(ctx context.Context, s streams) error {
	for _, setting := range c.Env {
		if key, _, found := strings.Cut(setting, "="); !found || key == "" {
			return fmt.Errorf("--env %s: is not KEY=VALUE", setting)
		}
	}
	screen := &devScreen{streams: s, dir: c.Dir}
	output := io.Writer(screen)
	if isTerminal(s.err) && os.Getenv("LOG_FORMAT") == "" {
		c.Env = append([]string{"LOG_FORMAT=json"}, c.Env...)
		output = &readable{to: screen, colour: colourful(s.err)}
	}
	return dev.Run(ctx, dev.Options{Dir: c.Dir, Addr: c.Addr, Kit: c.Kit, Env: c.Env, Output: output}, screen)
}

// devScreen shows a run of dev: where to go on stdout, everything else on stderr. On a terminal, its last line says what
// is being done and for how long.
type devScreen struct {
	streams
	dir    string
	served bool

	mu      sync.Mutex
	working string // what the last line says, empty when there is none
	began   time.Time
	stop    chan struct{}
}

// Write prints what the service says, above the last line.
func (d *devScreen) Write(text []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clear()
	n, err := d.err.Write(text)
	d.draw()
	return n, err
}

// Working says what is being done.
func (d *devScreen) Working(on string) {
	d.idle()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !isTerminal(d.err) {
		if !d.served {
			fmt.Fprintf(d.err, "%s\n", on)
		}
		return
	}
	d.working, d.began, d.stop = on, time.Now(), make(chan struct{})
	d.draw()
	go d.tick(d.stop)
}

// tick keeps the time on the last line going.
func (d *devScreen) tick(stop chan struct{}) {
	each := time.NewTicker(100 * time.Millisecond)
	defer each.Stop()
	for {
		select {
		case <-stop:
			return
		case <-each.C:
			d.mu.Lock()
			d.clear()
			d.draw()
			d.mu.Unlock()
		}
	}
}

func (d *devScreen) clear() {
	if d.working != "" {
		fmt.Fprint(d.err, "\r\x1b[K")
	}
}

func (d *devScreen) draw() {
	if d.working != "" {
		fmt.Fprint(d.err, paint(d.err, dim, fmt.Sprintf("%s … %.1fs", d.working, time.Since(d.began).Seconds())))
	}
}

// idle takes the last line away.
func (d *devScreen) idle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.working != "" {
		d.clear()
		d.working = ""
		close(d.stop)
	}
}

// Generated names the files that were written, unless it is the first time, when they are many.
func (d *devScreen) Generated(g *pipeline.Generated) {
	d.idle()
	for _, path := range g.Migration.Files {
		fmt.Fprintf(d.err, "write   %s\n", path)
	}
	if len(g.Changes) > 0 {
		fmt.Fprintf(d.err, "%s\n", summary(g))
	}
	if !d.served {
		d.notes(g.Notes)
	}
}

// Problems shows mistakes, and that what was right before still runs.
func (d *devScreen) Problems(problems diag.List, texts map[string]string) {
	d.idle()
	_ = d.problems("text", problems, texts)
	d.goesOn()
}

// Broken shows mistakes in the Go code, and that what was right before still runs.
func (d *devScreen) Broken(b *pipeline.Built) {
	d.idle()
	_ = d.broken(b)
	d.goesOn()
}

// Failed shows why there is no new version.
func (d *devScreen) Failed(err error) {
	d.idle()
	fmt.Fprintf(d.err, "%s %v\n", paint(d.err, red, "fettle:"), err)
	d.goesOn()
}

func (d *devScreen) goesOn() {
	if d.served {
		fmt.Fprintln(d.err, paint(d.err, dim, "the last good version keeps serving"))
	} else {
		fmt.Fprintln(d.err, paint(d.err, dim, "nothing serves yet; save a change to try again"))
	}
}

// Serving says where to go, the first time.
func (d *devScreen) Serving(service, url string, took time.Duration) {
	d.idle()
	if d.served {
		fmt.Fprintf(d.err, "%s %s, %.1fs after the save\n", paint(d.err, green, "serving"), service, took.Seconds())
		return
	}
	d.served = true
	fmt.Fprintf(d.out, "\n%s is ready, in %.1fs\n\n", paint(d.out, bold, service), took.Seconds())
	for _, place := range [][2]string{
		{"REST", "/v1/"}, {"GraphQL", "/graphql"}, {"docs", "/docs"}, {"mailbox", "/dev/mail"}, {"metrics", "/metrics"},
	} {
		fmt.Fprintf(d.out, "  %-8s %s\n", place[0], paint(d.out, cyan, url+place[1]))
	}
	fmt.Fprintf(d.out, "\nlistening on %s\n", url)
}
