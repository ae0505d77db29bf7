// Package tool is what an agent may do with a backend: the verbs of pipeline, named by intent, with bounded results.
//
//	name + JSON arguments ─▶ Tool ─▶ one function of pipeline ─▶ Result: a page of facts, as text and as data
//
// It is for callers that are not trusted to be careful: a model, and whoever talks it into something. Arguments name no
// folder, no database and no command; a project is one folder, and nothing outside of it is read or written, by way of links
// neither. What a tool would write it shows first, under a hash; the same call with that hash writes it. What would lose data
// needs a person besides, at a terminal: fettle approve. Texts of designs and code are data, whatever they say.
package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/pipeline"
)

// Tool is one thing that an agent may do.
type Tool struct {
	Name        string
	Title       string
	Description string
	Schema      json.RawMessage // of its arguments, JSON Schema 2020-12
	ReadOnly    bool            // of the project and its database

	writes bool // the project, by a hash

	run func(ctx context.Context, p *Project, arguments json.RawMessage) (Facts, error)
}

// All are all tools, in the order in which they are shown.
var All = []*Tool{assess, checkDesign, editDesign, generate, callService, reviewChange, explain, planMigration, optimize}

// Named finds a tool, nil without.
func Named(name string) *Tool {
	for _, t := range All {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Facts are what a tool found: a sentence, and what it is made of.
type Facts struct {
	Summary  string
	Items    []Item
	NotTaken bool // what was to be written is wrong, and was not
}

// Item is one fact.
type Item struct {
	Text string
	Data any // the same for programs
}

// add appends a fact.
func (f *Facts) add(data any, format string, args ...any) {
	f.Items = append(f.Items, Item{fmt.Sprintf(format, args...), data})
}

// Result is a page of facts.
type Result struct {
	Text     string
	Data     Page
	NotTaken bool // what was to be written is wrong, and was not; the text says why
}

// Page is the structured form of a Result.
type Page struct {
	Summary string `json:"summary"`
	Items   []any  `json:"items"`
	Page    int    `json:"page"`
	Pages   int    `json:"pages"`
}

// Bounds of calls and results, in bytes.
const (
	MaxArguments = 256 << 10
	MaxText      = 12 << 10 // of a page, about
	maxItem      = 6 << 10
	maxSummary   = 2 << 10
)

// Call runs a tool. Its error is for the caller to read: what was wrong with the arguments, or what could not be done.
func (t *Tool) Call(ctx context.Context, p *Project, arguments json.RawMessage) (Result, error) {
	if len(arguments) > MaxArguments {
		return Result{}, fmt.Errorf("%s: arguments of %d bytes; %d are the most", t.Name, len(arguments), MaxArguments)
	}
	if len(bytes.TrimSpace(arguments)) == 0 || string(bytes.TrimSpace(arguments)) == "null" {
		arguments = json.RawMessage("{}")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(arguments, &object); err != nil {
		return Result{}, fmt.Errorf("%s: arguments are no JSON object", t.Name)
	}
	if err := named(t.Schema, arguments); err != nil {
		return Result{}, fmt.Errorf("%s: arguments: %w", t.Name, err)
	}
	page, err := pageOf(object["page"])
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	delete(object, "page")
	rest, err := json.Marshal(object)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	if err := p.contained(); err != nil {
		return Result{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	leave, err := p.working.enter(ctx, t.writes && (p.Staged != nil || object["apply"] != nil))
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	defer leave()
	facts, err := t.run(ctx, p, rest)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", t.Name, err)
	}
	return facts.page(page)
}

// pageOf is which page is asked for. A number is whole in JSON Schema however it is written: 1.0 is 1 (2020-12, core, 4.2.3).
func pageOf(text json.RawMessage) (int, error) {
	page := 1.
	if text == nil {
		return 1, nil
	}
	if err := json.Unmarshal(text, &page); err != nil || page < 1 || page > 1e6 || page != math.Trunc(page) || string(text) == "null" {
		return 0, errors.New("page is a number from 1")
	}
	return int(page), nil
}

// named refuses names of arguments that a schema has not, letter for letter: package encoding/json takes Part for part.
func named(schema, value json.RawMessage) error {
	var allowed struct {
		Properties map[string]json.RawMessage
		Items      json.RawMessage
	}
	if err := json.Unmarshal(schema, &allowed); err != nil {
		panic(fmt.Sprintf("schema %s: %v", schema, err)) // it is part of the program
	}
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case allowed.Properties != nil && json.Unmarshal(value, &object) == nil:
		for _, name := range slices.Sorted(maps.Keys(object)) {
			property, known := allowed.Properties[name]
			if !known {
				return fmt.Errorf("unknown field %q", clip(name, 60))
			}
			if err := named(property, object[name]); err != nil {
				return err
			}
		}
	case allowed.Items != nil && json.Unmarshal(value, &list) == nil:
		for _, one := range list {
			if err := named(allowed.Items, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// page cuts facts into pages of about MaxText.
func (f Facts) page(n int) (Result, error) {
	f.Summary = clip(f.Summary, maxSummary)
	var pages [][]Item
	size := MaxText
	for _, item := range f.Items {
		item.Text = clip(item.Text, maxItem)
		weight := len(item.Text)
		if text, err := json.Marshal(item.Data); err == nil {
			weight = max(weight, len(text)/2)
		}
		if weight > maxItem { // its data is longer than its text may be
			item.Data, weight = item.Text, len(item.Text)
		}
		if size+weight > MaxText {
			pages, size = append(pages, nil), 0
		}
		pages[len(pages)-1] = append(pages[len(pages)-1], item)
		size += weight
	}
	if n > max(len(pages), 1) {
		return Result{}, fmt.Errorf("page %d: there are %d", n, max(len(pages), 1))
	}
	r := Result{Text: f.Summary, Data: Page{Summary: f.Summary, Items: []any{}, Page: n, Pages: max(len(pages), 1)}, NotTaken: f.NotTaken}
	if len(pages) > 0 {
		for _, item := range pages[n-1] {
			r.Text += "\n" + item.Text
			data := item.Data
			if data == nil {
				data = item.Text
			}
			r.Data.Items = append(r.Data.Items, data)
		}
	}
	if r.Data.Pages > 1 {
		r.Text += fmt.Sprintf("\n(page %d of %d)", n, r.Data.Pages)
	}
	return r, nil
}

// count is a number of things: "1 step", "2 steps".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// clip cuts a text at a number of bytes, at the end of a character.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := strings.ToValidUTF8(text[:most], "")
	return cut + fmt.Sprintf("… (%d bytes more)", len(text)-len(cut))
}

// arguments reads the arguments of a tool, strictly.
func arguments(text json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		message := strings.TrimPrefix(err.Error(), "json: ")
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			message = fmt.Sprintf("%s is no %s", strings.TrimPrefix(wrong.Field, "."), spoken(wrong.Type))
		}
		return fmt.Errorf("arguments: %s", clip(message, 300))
	}
	return nil
}

// spoken is what JSON calls a type.
func spoken(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	}
	return "number"
}

// problem is a mistake as programs read it.
type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Source  string `json:"source,omitempty"`
}

// problems adds the mistakes of a list.
func (f *Facts) problems(list diag.List, texts map[string]string) {
	for _, d := range list {
		one := problem{d.Pos.File, d.Pos.Line, d.Pos.Column, string(d.Code), d.Message, d.Hint, ""}
		if lines := strings.Split(texts[d.Pos.File], "\n"); d.Pos.Line > 0 && d.Pos.Line <= len(lines) {
			one.Source = clip(strings.TrimSpace(lines[d.Pos.Line-1]), 300)
		}
		text := fmt.Sprintf("%s:%d:%d: %s [%s]", one.File, one.Line, one.Column, one.Message, one.Code)
		if one.Hint != "" {
			text += "\n  hint: " + one.Hint
		}
		f.Items = append(f.Items, Item{text, one})
	}
}

// built tells why a service does not build; false where it does.
func (f *Facts) built(b *pipeline.Built) bool {
	if b == nil || len(b.Problems) == 0 {
		return true
	}
	f.Summary = count(len(b.Problems), "problem") + " in the Go code."
	f.problems(b.Problems, b.Texts)
	for _, stub := range b.Missing {
		f.add(map[string]string{"operation": stub.Name, "file": stub.File, "method": stub.Text}, "%s is not written yet; in %s:\n%s", stub.Name, stub.File, stub.Text)
	}
	return false
}

// names are the names of all tools.
func names() []string {
	out := make([]string, len(All))
	for i, t := range All {
		out[i] = t.Name
	}
	return slices.Clip(out)
}

// Unknown is the error of a name that is no tool's.
func Unknown(name string) error {
	return fmt.Errorf("%s: no such tool; there are %s", clip(name, 60), strings.Join(names(), ", "))
}
