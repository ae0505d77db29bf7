package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The matrix is every operation of a design × who asks × every door. Its file says who asks, which rows are there and
// what is asked for; each request begins with the same rows, whatever the one before it did. The doors must answer the
// same and leave the same rows behind, and what they answer is a table in the file, to be read against the design.

// Matrix is such a file.
type Matrix struct {
	Viewers []Viewer
	Rows    []Seed
	Wishes  []Wish
	Extra   string // subscriptions beside those of the design
	Answers string // the table
	Heard   string // another: which rows are heard of after a write
	archive *txtar.Archive
}

// Viewer is a column: a person who asks in a tenant. Both are labels of rows, empty for nobody and for no tenant.
type Viewer struct{ Name, Person, Tenant string }

// Seed is a row that is there; its values name others by their labels. What becomes of it before anybody asks is Then: more
// values, one after the other, and its deletion where rows stay when they are deleted.
type Seed struct {
	Label, Entity string
	Values        map[string]any
	Then          []map[string]any
	Deleted       bool
}

// Wish is a line: what is asked for.
type Wish struct {
	Do        string // list, aggregate, get, history, create, update, delete, restore; else an operation of the design
	Entity    string
	Row       string // a label
	Values    map[string]any
	Operation *meta.Operation
}

// writes tells whether it may change rows.
func (w Wish) writes() bool {
	return w.Operation == nil && slices.Contains([]string{"create", "update", "delete", "restore"}, w.Do) ||
		w.Operation != nil && w.Operation.Mutation
}

// subscribes tells whether it is to be told of rows.
func (w Wish) subscribes() bool { return w.Operation != nil && len(w.Operation.On) > 0 }

// row tells whether it writes a row and is answered with it.
func (w Wish) row() bool {
	return w.writes() && w.Do != "delete" && (w.Operation == nil || w.Operation.Result.Target() != nil)
}

func (w Wish) String() string {
	words := []string{w.Do}
	if w.Operation == nil {
		words = append(words, w.Entity)
	}
	if w.Row != "" {
		words = append(words, w.Row)
	}
	if w.Values != nil {
		words = append(words, text(w.Values))
	}
	return strings.Join(words, " ")
}

// ParseMatrix reads a file of viewers, rows, requests and answers, a line each:
//
//	owner = ann in acme
//	note Note {"author": "ann"}        or: deleted note Note …; later: then note {"state": "READ"}
//	update Note note {"text": "b"}     or: publish {"note": "note"}
func ParseMatrix(file []byte) (*Matrix, error) {
	m := &Matrix{archive: txtar.Parse(file)}
	for _, f := range m.archive.Files {
		switch f.Name {
		case "answers":
			m.Answers = string(f.Data)
			continue
		case "heard":
			m.Heard = string(f.Data)
			continue
		case "subscriptions":
			m.Extra = string(f.Data)
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if err := m.line(f.Name, line); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", f.Name, line, err)
			}
		}
	}
	return m, nil
}

func (m *Matrix) line(file, line string) error {
	head, values, _ := strings.Cut(line, "{")
	words := strings.Fields(head)
	var object map[string]any
	if values != "" {
		decoder := json.NewDecoder(strings.NewReader("{" + values))
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			return err
		}
	}
	switch {
	case file == "viewers":
		name, who, _ := strings.Cut(line, "=")
		person, tenant, _ := strings.Cut(who, " in ")
		m.Viewers = append(m.Viewers, Viewer{strings.TrimSpace(name), strings.TrimSpace(person), strings.TrimSpace(tenant)})
	case file == "rows" && len(words) == 3 && words[0] == "deleted":
		m.Rows = append(m.Rows, Seed{Label: words[1], Entity: words[2], Values: object, Deleted: true})
	case file == "rows" && len(words) == 2 && words[0] == "then":
		at := slices.IndexFunc(m.Rows, func(s Seed) bool { return s.Label == words[1] })
		if at < 0 {
			return errors.New("there is no such row")
		}
		m.Rows[at].Then = append(m.Rows[at].Then, object)
	case file == "rows" && len(words) == 2:
		m.Rows = append(m.Rows, Seed{Label: words[0], Entity: words[1], Values: object})
	case file == "requests" && len(words) > 0 && len(words) <= 3:
		w := Wish{Do: words[0], Values: object}
		if len(words) > 1 {
			w.Entity = words[1]
		}
		if len(words) > 2 {
			w.Row = words[2]
		}
		m.Wishes = append(m.Wishes, w)
	default:
		return errors.New("not a line of this file")
	}
	return nil
}

// Format is the file with other tables.
func (m *Matrix) Format(answers, heard string) []byte {
	a := *m.archive
	a.Files = slices.Clone(a.Files)
	for _, f := range []txtar.File{{Name: "answers", Data: []byte(answers)}, {Name: "heard", Data: []byte(heard)}} {
		at := slices.IndexFunc(a.Files, func(old txtar.File) bool { return old.Name == f.Name })
		if at < 0 {
			a.Files = append(a.Files, f)
		} else {
			a.Files[at] = f
		}
	}
	return txtar.Format(&a)
}

// matrixRun is a matrix on one database.
type matrixRun struct {
	*Matrix
	product *product
	doors   []door
	ids     map[string]string // by label
	labels  *strings.Replacer
	world   *snapshot
	asked   map[string]bool // operations of the contracts that a wish reached, as ROUTE, FIELD or METHOD
	cells   int

	missing     string // the label of a row that requests name by an id that nobody has
	hiddenAsked int    // requests that named a hidden row, and then no row

	audience *audience // nil: nobody listens
}

// start makes the rows.
func (m *Matrix) start(p *product) (*matrixRun, error) {
	r := &matrixRun{Matrix: m, product: p, ids: map[string]string{}, asked: map[string]bool{}}
	p.clock.now, p.business = epoch, r.business
	for _, s := range m.Rows {
		p.clock.now = p.clock.now.Add(time.Second)
		if err := r.make(s); err != nil {
			return nil, fmt.Errorf("row %s: %w", s.Label, err)
		}
	}
	p.clock.now = p.clock.now.Add(time.Second)
	var pairs []string
	for label, id := range r.ids {
		pairs = append(pairs, id, label)
	}
	r.labels = strings.NewReplacer(pairs...)
	var err error
	r.world, err = takeSnapshot(p.db)
	return r, err
}

// business answers as the team's code might: with the row that an operation was given, or else the first that fits.
func (r *matrixRun) business(o *meta.Operation, args []any) (any, error) {
	target := o.Result.Target()
	for i, a := range args {
		if row, ok := a.(*query.Row); ok && target != nil && o.Args[i].Target() == target {
			return string(row.ID), nil
		}
	}
	switch {
	case target != nil:
		at := slices.IndexFunc(r.Rows, func(s Seed) bool { return s.Entity == target.Name && !s.Deleted })
		return r.ids[r.Rows[at].Label], nil
	case o.Result.Repeated:
		return []any{}, nil
	}
	return true, nil
}

func (r *matrixRun) make(s Seed) error {
	e := r.product.backend.Entity(s.Entity)
	if e == nil {
		return fmt.Errorf("no entity %s", s.Entity)
	}
	return r.product.engine.Write(context.Background(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
		tx = tx.System()
		changes, err := r.changes(e, s.Values)
		if err != nil {
			return err
		}
		id, err := tx.Create(ctx, e, changes)
		if err != nil {
			return wordy(err)
		}
		r.ids[s.Label] = string(id)
		for _, values := range s.Then {
			changes, err := r.changes(e, values)
			if err != nil {
				return err
			}
			if _, err := tx.Update(ctx, e, string(id), 0, changes); err != nil {
				return wordy(err)
			}
		}
		if s.Deleted {
			err = tx.Delete(ctx, e, string(id), 0)
		}
		return err
	})
}

// wordy is a problem with all that it says.
func wordy(err error) error {
	var p *kit.Problem
	if errors.As(err, &p) {
		return fmt.Errorf("%s %s", p.Detail, text(p.Fields))
	}
	return err
}

// changes are values as business code writes them, which may set what no client can.
func (r *matrixRun) changes(e *meta.Entity, values map[string]any) ([]query.Change, error) {
	raw, err := input.Parse([]byte(text(r.identified(values))))
	if err != nil {
		return nil, err
	}
	var changes []query.Change
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := e.Field(name)
		if f == nil {
			return nil, fmt.Errorf("%s has no field %s", e.Name, name)
		}
		v, wrong := input.Value(f, raw.(input.Object)[name])
		if wrong != nil {
			return nil, fmt.Errorf("%s: %s", name, text(wrong))
		}
		changes = append(changes, query.Change{Field: f, Value: v})
	}
	return changes, nil
}

// id is that of the row that a request names.
func (r *matrixRun) id(label string) string {
	if r.missing != "" && label == r.missing {
		return madeUp
	}
	return r.ids[label]
}

// identified puts ids in the place of labels, which stand nowhere but where a row is meant.
func (r *matrixRun) identified(v any) any {
	switch v := v.(type) {
	case string:
		if id := r.id(v); id != "" {
			return id
		}
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.identified(item)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, item := range v {
			object[name] = r.identified(item)
		}
		return object
	}
	return v
}

// wishes are those of the file, after what every entity is asked for: its list, its figures, its first row, and the history of it.
func (r *matrixRun) wishes() ([]Wish, error) {
	var all []Wish
	for _, e := range r.product.backend.Entities {
		if !query.Exposed(e, meta.Read) || e.HistoryOf != "" {
			continue
		}
		all = append(all, Wish{Do: "list", Entity: e.Name}, Wish{Do: "aggregate", Entity: e.Name})
		for _, s := range r.Rows {
			if s.Entity != e.Name {
				continue
			}
			all = append(all, Wish{Do: "get", Entity: e.Name, Row: s.Label})
			if e.Field(meta.HistoryList) != nil && !s.Deleted {
				all = append(all, Wish{Do: "history", Entity: e.Name, Row: s.Label})
			}
		}
	}
	for _, w := range r.Wishes {
		if e := r.product.backend.Entity(w.Entity); w.Entity != "" && e == nil {
			return nil, fmt.Errorf("request %v: no entity %s", w, w.Entity)
		}
		if w.Entity == "" {
			w.Operation = r.operation(w.Do)
			if w.Operation == nil {
				return nil, fmt.Errorf("request %v: no operation %s", w, w.Do)
			}
			if w.Values == nil {
				w.Values = map[string]any{}
			}
		}
		all = append(all, w)
	}
	return all, nil
}

// operation is an operation or a subscription.
func (r *matrixRun) operation(name string) *meta.Operation {
	all := slices.Concat(r.product.backend.Operations, r.product.backend.Subscriptions)
	if i := slices.IndexFunc(all, func(o *meta.Operation) bool { return o.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// table is what everybody is answered, and where the doors differ.
func (r *matrixRun) table() (answers string, differences []error) {
	wishes, err := r.wishes()
	if err != nil {
		return "", []error{err}
	}
	head := []string{""}
	for _, v := range r.Viewers {
		head = append(head, v.Name)
	}
	lines := [][]string{head}
	for _, w := range wishes {
		line := []string{w.String()}
		for _, v := range r.Viewers {
			s, err := r.cell(w, v)
			if err != nil {
				differences = append(differences, err)
				line = append(line, "?")
				continue
			}
			if err := r.likeMissing(w, v); err != nil {
				differences = append(differences, err)
			}
			cell := s.short()
			if hidden := r.hidden(w, s.answer); hidden != nil {
				cell += ", no " + strings.Join(hidden, " ")
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	return inColumns(lines), differences
}

// inColumns is lines as text.
func inColumns(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var out strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&text, "%-*s", widths[i]+2, cell)
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return out.String()
}

// said is what a door answered: a problem's code and the fields that it is about, or an answer; and the rows that are there
// after it, as text.
type said struct {
	code   string
	fields []string
	answer any
	rows   string
}

// cell asks for a wish at every door, each with the rows of the beginning, and tells where two do not say the same. What is
// written at one of them, each in its turn, is heard.
func (r *matrixRun) cell(w Wish, v Viewer) (said, error) {
	if w.subscribes() {
		return r.audience.answer(w, v)
	}
	var first said
	offering := slices.DeleteFunc(slices.Clone(r.doors), func(d door) bool { return !d.offers(w) })
	for i, d := range offering {
		s, err := r.ask(d, w, v, r.audience != nil && i == r.cells%len(offering))
		if err != nil {
			return s, fmt.Errorf("%v as %s at %s: %w", w, v.Name, d.name(), err)
		}
		if i == 0 {
			first = s
			continue
		}
		if diff := first.differs(s); diff != "" {
			return s, fmt.Errorf("%v as %s: %s and %s differ: %s", w, v.Name, r.doors[0].name(), d.name(), diff)
		}
	}
	r.cells++
	return first, nil
}

func (r *matrixRun) ask(d door, w Wish, v Viewer, listening bool) (said, error) {
	if listening {
		silent := r.product
		r.product = r.audience.product
		r.audience.written.forget()
		defer func() { r.product = silent }()
	}
	s, failed := d.ask(r, w, v)
	if w.writes() {
		rows, err := r.world.rows()
		if err != nil {
			return s, err
		}
		if rows != r.world.first {
			changed := lineDiff(r.world.first, rows)
			s.rows = r.readable(changed)
			if listening {
				if err := r.audience.hear(w, v, changed); err != nil {
					failed = errors.Join(failed, err)
				}
			}
			if err := r.world.restore(); err != nil {
				return s, err
			}
			if listening {
				if err := r.audience.back(); err != nil {
					failed = errors.Join(failed, err)
				}
			}
		}
		if s.code != "" && s.rows != "" {
			return s, fmt.Errorf("%s, and yet:\n%s", s.code, s.rows)
		}
	}
	s.answer = r.labelled(s.answer)
	return s, failed
}

// readable is a text with labels for ids; the ids of what is new are all the same.
func (r *matrixRun) readable(t string) string {
	return kitID.ReplaceAllString(r.labels.Replace(t), "new")
}

func (r *matrixRun) labelled(v any) any {
	var out any
	decoder := json.NewDecoder(bytes.NewReader([]byte(r.readable(text(v)))))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		panic(err)
	}
	return out
}

func (s said) differs(o said) string {
	switch {
	case s.code != o.code:
		return fmt.Sprintf("%s %s, and %s %s", orOK(s.code), text(s.answer), orOK(o.code), text(o.answer))
	case !slices.Equal(s.fields, o.fields):
		return fmt.Sprintf("%s is about %v, and about %v", s.code, s.fields, o.fields)
	case text(s.answer) != text(o.answer):
		return fmt.Sprintf("\n%s\n%s", text(s.answer), text(o.answer))
	case s.rows != o.rows:
		return fmt.Sprintf("what they leave:\n%s\nand\n%s", s.rows, o.rows)
	}
	return ""
}

// hidden are the fields of a row that the file gives a value and that an answer lacks.
func (r *matrixRun) hidden(w Wish, answer any) []string {
	row, ok := answer.(map[string]any)
	at := slices.IndexFunc(r.Rows, func(s Seed) bool { return s.Label == w.Row })
	if !ok || w.Do != "get" || at < 0 {
		return nil
	}
	var names []string
	for _, f := range query.ReadFields(r.product.backend.Entity(w.Entity)) {
		if given, there := r.Rows[at].Values[f.Name]; there && given != nil && row[f.Name] == nil && f.Kind != meta.List {
			names = append(names, f.Name)
		}
	}
	return names
}

// short is a cell of the table.
func (s said) short() string {
	if s.code != "" {
		return strings.Join(append([]string{s.code}, s.fields...), " ")
	}
	switch a := s.answer.(type) {
	case map[string]any:
		if _, page := a["items"]; page {
			return fmt.Sprint(a["total"])
		}
		if count, ok := a["count"]; ok && len(a) == 1 {
			return fmt.Sprint(count)
		}
	case []any:
		return fmt.Sprint(len(a))
	}
	if s.answer == unseen {
		return "ok, " + unseen
	}
	return "ok"
}
