package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The audience is everybody who may subscribe, to everything, at every door, while the matrix writes. What is heard of a write
// is the same at every door, in the same order, and is what whoever hears it may read at that moment. A subscription of
// the section "subscriptions" is to all rows of an entity: it hears all that its viewer may read. Those of the design hear
// some of it, which the table tells.

// audience listens to a service that tells of what it writes, beside the one of the matrix.
type audience struct {
	run     *matrixRun
	product *product
	feed    *feed.Feed
	doors   []earDoor
	sockets *socketDoor
	seats   []*seat
	lines   []heardLine
	written *written
	end     func()
}

// seat is a subscription of a viewer, with an ear at each door; where it was refused, with what was said.
type seat struct {
	wish  Wish
	who   Viewer
	all   bool // rows of an entity, without more
	ears  []ear
	said  said
	wrong error // the doors differ
	ends  []*said
}

// heardLine is a line of the table: what was written, and by whom; what a subscription tells whom of it.
type heardLine struct {
	wish  Wish
	by    []string
	heard [][]string // of each line of subscriptions: its name, and what each viewer hears
}

// written collects what the feed tells of.
type written struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (w *written) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.ids)
}

func (w *written) has(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ids[id]
}

// gather opens all ears.
func (r *matrixRun) gather(p *blueprint, sockets *socketDoor, others ...earDoor) error {
	changes := feed.Open(r.product.backend.Name, r.product.db, nil)
	live, err := serve(r.product.name, p, r.product.db, changes)
	if err != nil {
		return err
	}
	*live.clock, live.business = *r.product.clock, r.product.business
	server := httptest.NewServer(live.graphql)
	sockets.url, sockets.sockets = server.URL, map[Viewer]*socket{}
	a := &audience{run: r, product: live, feed: changes, doors: append([]earDoor{sockets}, others...), sockets: sockets}
	r.audience = a
	a.end = func() {
		for _, s := range a.seats {
			for _, e := range s.ears {
				e.close()
			}
		}
		for _, s := range sockets.sockets {
			s.conn.CloseNow()
		}
		server.Close()
		changes.Close()
	}
	a.watch()
	wishes, err := r.wishes()
	if err != nil {
		return err
	}
	for _, o := range r.product.backend.Subscriptions {
		if len(o.Args) == 0 && !slices.ContainsFunc(wishes, func(w Wish) bool { return w.Operation == o }) {
			wishes = append(wishes, Wish{Do: o.Name, Values: map[string]any{}, Operation: o})
		}
	}
	for _, w := range wishes {
		if !w.subscribes() {
			continue
		}
		for _, v := range r.Viewers {
			s := &seat{wish: w, who: v, all: strings.Contains(r.Extra, w.Do+":"), ears: make([]ear, len(a.doors)), ends: make([]*said, len(a.doors))}
			a.seats = append(a.seats, s)
			if err := a.sit(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// watch collects the keys of all that is written.
func (a *audience) watch() {
	a.written = &written{ids: map[string]bool{}}
	for _, e := range a.run.product.backend.Entities {
		w := a.feed.Watch(e.Name, meta.Create, meta.Update)
		go func() {
			for {
				ids, _, err := w.Next(context.Background())
				if err != nil {
					return
				}
				a.written.mu.Lock()
				for _, id := range ids {
					a.written.ids[string(id)] = true
				}
				a.written.mu.Unlock()
			}
		}()
	}
}

// sit opens those ears of a seat that are not open.
func (a *audience) sit(s *seat) error {
	for i, d := range a.doors {
		if s.ears[i] != nil {
			continue
		}
		e, err := d.listen(a.run, s.wish, s.who)
		if err != nil {
			return fmt.Errorf("%v as %s at %s: %w", s.wish, s.who.Name, d.name(), err)
		}
		s.ears[i] = e
		events, end, err := e.take()
		if err != nil || len(events) > 0 {
			return fmt.Errorf("%v as %s at %s: %s %w", s.wish, s.who.Name, d.name(), text(events), err)
		}
		if s.ends[i] = end; end == nil {
			end = &said{}
		}
		if i == 0 {
			s.said = *end
			continue
		}
		if s.ends[0] == nil && s.ends[i] != nil { // a socket watches before it looks whether it may, and says so a moment later
			if err := s.late(); err != nil {
				return fmt.Errorf("%v as %s at %s: %w", s.wish, s.who.Name, a.doors[0].name(), err)
			}
		}
		if diff := s.said.differs(*end); diff != "" {
			s.wrong = fmt.Errorf("%v as %s: %s and %s differ: %s", s.wish, s.who.Name, a.doors[0].name(), d.name(), diff)
		}
	}
	return nil
}

// late waits for the first ear to end.
func (s *seat) late() error {
	return until("it ends as the others do", func() bool {
		if _, end, err := s.ears[0].take(); err == nil && end != nil {
			s.ends[0], s.said = end, *end
		}
		return s.ends[0] != nil
	})
}

// answer is what subscribing was answered with.
func (a *audience) answer(w Wish, v Viewer) (said, error) {
	for _, s := range a.seats {
		if s.who == v && s.wish.String() == w.String() {
			a.run.cells++
			return s.said, s.wrong
		}
	}
	return said{}, errors.New("nobody asked")
}

// quiet waits until all that was written was told of, and has arrived.
func (a *audience) quiet(ids []string) error {
	for _, id := range ids {
		if err := until("a row "+id+" that was written is told of", func() bool { return a.written.has(id) }); err != nil {
			return err
		}
	}
	if err := until("nobody is told any more", a.feed.Idle); err != nil {
		return err
	}
	for _, s := range a.sockets.sockets {
		if err := (&socketEar{socket: s}).settled(); err != nil {
			return err
		}
	}
	return nil
}

// hear tells of a write what everybody heard of it. Changed is the difference that it made, as lines of rows.
func (a *audience) hear(w Wish, by Viewer, changed string) error {
	rows, err := a.rowsOf(changed)
	if err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(rows))
	if err := a.quiet(ids); err != nil {
		return fmt.Errorf("%v as %s: %w", w, by.Name, err)
	}
	line := heardLine{wish: w, by: []string{by.Name}}
	var failed error
	for _, s := range a.seats {
		if s.said.code != "" {
			continue
		}
		heard, err := a.heardBy(s, rows, ids)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%v as %s: %v of %s: %w", w, by.Name, s.wish, s.who.Name, err))
			continue
		}
		line.add(a.run.Viewers, s, heard)
	}
	a.tell(line)
	return failed
}

// rowsOf are the living rows that a difference added or changed, and their entities, by their ids.
func (a *audience) rowsOf(changed string) (map[string]*meta.Entity, error) {
	rows := map[string]*meta.Entity{}
	for line := range strings.Lines(changed) {
		added, ok := strings.CutPrefix(line, "+ ")
		if !ok {
			continue
		}
		table, object, _ := strings.Cut(added, " ")
		at := slices.IndexFunc(a.run.product.backend.Entities, func(e *meta.Entity) bool {
			return e.Table == table && e.HistoryOf == "" && query.Exposed(e, meta.Read)
		})
		if at < 0 {
			continue
		}
		var row map[string]any
		if err := json.Unmarshal([]byte(object), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		if row[meta.DeletedAt] == nil {
			rows[fmt.Sprint(row["id"])] = a.run.product.backend.Entities[at]
		}
	}
	return rows, nil
}

// heardBy is the labels of the rows that a seat was told of, and how it ended where it did.
func (a *audience) heardBy(s *seat, rows map[string]*meta.Entity, ids []string) ([]string, error) {
	var first []any
	var end *said
	for i, e := range s.ears {
		events, ended, err := e.take()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.doors[i].name(), err)
		}
		s.ends[i] = ended
		if i == 0 {
			first, end = events, ended
			continue
		}
		if text(first) != text(events) {
			return nil, fmt.Errorf("%s told %s, and %s %s", a.doors[0].name(), text(first), a.doors[i].name(), text(events))
		}
		if (end == nil) != (ended == nil) || end != nil && end.differs(*ended) != "" {
			return nil, fmt.Errorf("%s ended with %v, and %s with %v", a.doors[0].name(), end, a.doors[i].name(), ended)
		}
	}
	var heard []string
	told := map[string]bool{}
	for _, event := range first {
		row, _ := event.(map[string]any)
		id := fmt.Sprint(row["id"])
		if rows[id] == nil {
			return nil, fmt.Errorf("%s was not written", text(event))
		}
		may, err := a.reads(s.who, rows[id], id)
		if err != nil {
			return nil, err
		}
		if text(may) != text(event) {
			return nil, fmt.Errorf("he hears %s, and reads %s", text(event), text(may))
		}
		told[id] = true
		heard = append(heard, a.run.readable(id))
	}
	for _, id := range ids {
		if !s.all || told[id] || rows[id] != s.wish.Operation.Result.Target() {
			continue
		}
		may, err := a.reads(s.who, rows[id], id)
		if err != nil {
			return nil, err
		}
		if may != nil {
			return nil, fmt.Errorf("he does not hear %s", text(may))
		}
	}
	if end != nil {
		heard = append(heard, end.short())
	}
	return heard, nil
}

// reads is a row as REST shows it to a viewer, nil where it does not.
func (a *audience) reads(v Viewer, e *meta.Entity, id string) (any, error) {
	q := a.run.visitor(v)
	q.method, q.path = "GET", resource(e, id)
	got, err := a.run.product.ask(q)
	if err != nil || got.object()["code"] == kit.CodeNotFound {
		return nil, err
	}
	return fromREST(Wish{Do: "get"}, got.object(), got.json), nil
}

// back opens the ears again that were ended.
func (a *audience) back() error {
	for _, s := range a.seats {
		again := false
		for i, end := range s.ends {
			if s.said.code == "" && end != nil {
				s.ears[i].close()
				s.ears[i], again = nil, true
			}
		}
		if again {
			if err := a.sit(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *heardLine) add(viewers []Viewer, s *seat, heard []string) {
	if heard == nil {
		return
	}
	name := s.wish.String()
	at := slices.IndexFunc(l.heard, func(cells []string) bool { return cells[0] == name })
	if at < 0 {
		at = len(l.heard)
		l.heard = append(l.heard, append([]string{name}, slices.Repeat([]string{"-"}, len(viewers))...))
	}
	l.heard[at][1+slices.Index(viewers, s.who)] = strings.Join(heard, ", ")
}

// tell adds a line, to the one before it where only who writes differs.
func (a *audience) tell(l heardLine) {
	if n := len(a.lines); n > 0 {
		last := &a.lines[n-1]
		if last.wish.String() == l.wish.String() && text(last.heard) == text(l.heard) {
			last.by = append(last.by, l.by...)
			return
		}
	}
	a.lines = append(a.lines, l)
}

// table is what is heard of each write.
func (a *audience) table() string {
	head := []string{"", ""}
	for _, v := range a.run.Viewers {
		head = append(head, v.Name)
	}
	lines := [][]string{head}
	for _, l := range a.lines {
		write := fmt.Sprintf("%v by %s", l.wish, strings.Join(l.by, ", "))
		if len(l.heard) == 0 {
			lines = append(lines, append([]string{write, ""}, slices.Repeat([]string{"-"}, len(a.run.Viewers))...))
		}
		for _, cells := range l.heard {
			lines = append(lines, append([]string{write}, cells...))
			write = ""
		}
	}
	return inColumns(lines)
}
