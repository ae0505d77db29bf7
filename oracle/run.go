package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Difference is where a product and the reference do not say the same.
type Difference struct {
	Step    int
	Product string
	Text    string
}

func (d *Difference) Error() string {
	return fmt.Sprintf("step %d on %s: %s", d.Step+1, d.Product, d.Text)
}

// kind is what a smaller case must have in common with this one: what was done, and roughly what was said.
func (d *Difference) kind(steps []Step) string {
	said, _, _ := strings.Cut(d.Text, "\n")
	return steps[d.Step].Do + " " + strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c == '[' || c == ']' || c == '.' {
			return -1
		}
		return c
	}, numbered.ReplaceAllString(said, ""))
}

var numbered = regexp.MustCompile(`[A-Za-z]+\d+|\[\d+\]|\.\w+`)

// runner does the steps of a case on the reference and on the products.
type runner struct {
	world    *World
	products []*subject
	compared int // answers
	values   int // values in them
	skipped  int
	slow     int
	coverage coverage
}

// subject is a product and the ids that it gave to the rows.
type subject struct {
	*product
	schema *Schema
	ids    map[string]string // by label
	rows   map[string]*Row   // by id
	said   string            // the last answer to a write
	key    string            // of the tenant that the step names by it
}

// epoch is when the first step happens.
var epoch = time.Date(2026, 3, 28, 22, 0, 0, 123456000, time.UTC)

func newRunner(s *Schema, products []*product) *runner {
	r := &runner{world: newWorld(s), coverage: coverage{}}
	for _, p := range products {
		r.products = append(r.products, &subject{product: p, schema: s, ids: map[string]string{}, rows: map[string]*Row{}})
	}
	return r
}

// run does all steps, up to the first difference. An error is one of the product's own: it could not answer.
func (r *runner) run(steps []Step) *Difference {
	for i := range steps {
		if d := r.step(i, &steps[i]); d != nil {
			return d
		}
	}
	return nil
}

// step does one step. The clock goes on with every other one, so that rows are made at the same instant.
func (r *runner) step(i int, s *Step) *Difference {
	now := epoch.Add(time.Duration(i/2)*time.Minute + time.Duration(i%2)*r.apart(s))
	r.world.Now = now
	for _, p := range r.products {
		p.clock.now, p.key = now, ""
		if tenant := r.world.find(s.Tenant); s.ByKey && tenant != nil && tenant.callable() {
			p.key = tenant.Values[tenant.Type.KeyField().Name].(string)
		}
	}
	if viewer := r.world.find(s.As); s.As != "" && s.As != "system" && (viewer == nil || !r.world.Lives(viewer)) {
		r.skipped++
		return nil
	}
	if s.Do == "read" {
		return r.read(i, s)
	}
	want := r.world.write(s)
	if want.unsure {
		r.skipped++
		return nil
	}
	for _, p := range r.products {
		if text := p.write(r.world, s, i, want); text != "" {
			return &Difference{i, p.name, text}
		}
		r.compared++
	}
	r.coverage.step(r.world, s, want.problems)
	return nil
}

// apart is what keeps deletes apart: what is deleted at one instant comes back together.
func (r *runner) apart(s *Step) time.Duration {
	if s.Do == "create" || s.Do == "read" {
		return 0
	}
	return time.Millisecond
}

func (r *runner) read(i int, s *Step) *Difference {
	want, problem := r.world.answer(s)
	for _, p := range r.products {
		got, err := p.read(r.world, s)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && problem != "" && slices.Contains(strings.Split(problem, " or "), refused.code):
		case errors.Is(err, errTooSlow):
			r.slow++
			continue
		case err != nil:
			return &Difference{i, p.name, fmt.Sprintf("want %s, got %v", orOK(problem), err)}
		case problem == "NOT_FOUND" && s.Read.Row != "" && got == nil:
		case problem != "":
			return &Difference{i, p.name, fmt.Sprintf("want %s, got %s", problem, text(got))}
		default:
			if diff := r.differ(p, want, got, ""); diff != "" {
				return &Difference{i, p.name, diff + "\nwant " + r.told(p, want) + "\ngot  " + p.labelled(text(got))}
			}
		}
		r.compared++
	}
	r.coverage.step(r.world, s, strings.Fields(problem))
	return nil
}

func orOK(problem string) string {
	if problem == "" {
		return "an answer"
	}
	return problem
}

func text(v any) string {
	t, _ := json.Marshal(v)
	return string(t)
}

// labelled puts labels in the place of ids.
func (p *subject) labelled(text string) string {
	for label, id := range p.ids {
		text = strings.ReplaceAll(text, id, label)
	}
	return text
}

// told is what is expected as JSON.
func (r *runner) told(p *subject, want answer) string { return text(plain(want)) }

func plain(want answer) any {
	switch want := want.(type) {
	case leaf:
		if row, ok := want.value.(*Row); ok && row != nil {
			return row.Label
		}
		return toJSON(want.value)
	case exactly:
		return plain(map[string]any(want))
	case unordered:
		return plain([]any(want))
	case map[string]any:
		out := map[string]any{}
		for name, v := range want {
			out[name] = plain(v)
		}
		return out
	case []any:
		out := []any{}
		for _, v := range want {
			out = append(out, plain(v))
		}
		return out
	}
	return want
}

// differ is where an answer differs from what is expected, empty where it does not.
func (r *runner) differ(p *subject, want answer, got any, at string) string {
	switch want := want.(type) {
	case leaf:
		r.values++
		return p.leaf(want, got, at)
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %s", at, text(got))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			value, there := object[name]
			if page, ok := object["pageInfo"].(map[string]any); !there && ok {
				value = page[name]
			}
			if diff := r.differ(p, want[name], value, at+"."+name); diff != "" {
				return diff
			}
		}
		return ""
	case exactly:
		object, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(object)), slices.Sorted(maps.Keys(want))) {
			return fmt.Sprintf("%s is %s", at, p.labelled(text(got)))
		}
		return r.differ(p, map[string]any(want), got, at)
	case unordered:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Sprintf("%s is %s", at, p.labelled(text(got)))
		}
		for i, element := range want {
			if !slices.ContainsFunc(list, func(item any) bool { return r.differ(p, element, item, at) == "" }) {
				return fmt.Sprintf("%s[%d] is not in %s", at, i, p.labelled(text(got)))
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s is %s", at, text(got))
		}
		if len(list) != len(want) {
			return fmt.Sprintf("%s has %d elements, not %d", at, len(list), len(want))
		}
		for i := range want {
			if diff := r.differ(p, want[i], list[i], fmt.Sprintf("%s[%d]", at, i)); diff != "" {
				return diff
			}
		}
		return ""
	}
	panic(fmt.Sprintf("answer %T", want))
}

func (p *subject) leaf(want leaf, got any, at string) string {
	if row, ok := want.value.(*Row); ok && row != nil {
		if id := p.ids[row.Label]; got != id {
			return fmt.Sprintf("%s is %s, not %s", at, p.labelled(text(got)), row.Label)
		}
		return ""
	}
	if want.field.Scalar == "ID" && want.field.Name == "id" {
		if row := p.rows[fmt.Sprint(got)]; row == nil || row.ID != want.value {
			return fmt.Sprintf("%s is %s, not row %v", at, text(got), want.value)
		}
		return ""
	}
	v, err := fromJSON(want.field, got)
	if err != nil {
		return fmt.Sprintf("%s: %v", at, err)
	}
	if !same(want.field, want.value, v) {
		return fmt.Sprintf("%s is %s, not %s", at, text(got), text(toJSON(want.value)))
	}
	return ""
}

// id is the product's id of a row. A row that is not there has one that nobody has.
func (p *subject) id(label string) string {
	if id := p.ids[label]; id != "" {
		return id
	}
	return "01900000-0000-7000-8000-000000000000"
}
