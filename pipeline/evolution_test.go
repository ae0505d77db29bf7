package pipeline

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/breaking"
	"github.com/fettlehq/fettle/design"
	protodoor "github.com/fettlehq/fettle/emit/proto"
)

// A design goes on by random edits. Whatever they are, the numbers of the gRPC contract stay with what has them, what only adds
// breaks nobody, and our gate and buf are of one mind about what breaks. Buf is asked where -buf says where it is, as
// .ci/doors/evolve.sh does; more designs by -rapid.checks.
var bufProgram = flag.String("buf", "", "the program buf, to be asked what breaks as well")

// grown is a design that goes on.
type grown struct {
	Types      []*grownType // entities first
	Operations []*grownOperation
	Names      int // that were given
}

type grownType struct {
	Name, Former string
	Kind         string // "entity", "value", "enum"
	Fields       []*grownField
	Verbs        []string // of an entity
	Gone         []string // names of fields that were taken away
}

type grownField struct {
	Name, Former, Type         string // of an enum the value alone
	Required, List, Deprecated bool
}

type grownOperation struct {
	Name, Result         string
	Mutation, Idempotent bool
	Args                 []*grownField
}

var grownScalars = []string{"Int", "String", "Boolean", "Int64", "Float", "Decimal", "DateTime", "Date", "Duration", "UUID", "JSON", "Bytes", "Country"}

// name is one that none of the design has had: two syllables.
func (g *grown) name() string {
	const consonants, vowels = "bdfgklmnprstvz", "aou"
	syllable := func(n int) string {
		return string(consonants[n/len(vowels)%len(consonants)]) + string(vowels[n%len(vowels)])
	}
	g.Names++
	most := len(consonants) * len(vowels)
	return syllable(g.Names/most) + syllable(g.Names%most)
}

func (g *grown) of(kind string) (types []*grownType) {
	for _, t := range g.Types {
		if t.Kind == kind {
			types = append(types, t)
		}
	}
	return types
}

// text is the design as it is written.
func (g *grown) text() string {
	var b strings.Builder
	b.WriteString("extend schema @backend(name: \"yard\", module: \"example.com/yard\")\n")
	for _, t := range g.Types {
		was := ""
		if t.Former != "" {
			was = " @was(name: " + t.Former + ")"
		}
		switch t.Kind {
		case "entity":
			fmt.Fprintf(&b, "type %s @entity%s @allow(do: [%s], when: \"true\") {\n", t.Name, was, strings.Join(t.Verbs, ", "))
		case "value":
			fmt.Fprintf(&b, "type %s {\n", t.Name)
		case "enum":
			fmt.Fprintf(&b, "enum %s%s {\n", t.Name, was)
		}
		for _, f := range t.Fields {
			fmt.Fprintf(&b, "  %s\n", f.text(t.Kind == "enum"))
		}
		b.WriteString("}\n")
	}
	for _, o := range g.Operations {
		kind, more := "Query", ""
		if o.Mutation {
			kind = "Mutation"
		}
		if o.Mutation && o.Idempotent {
			more = " @idempotent"
		}
		args := make([]string, len(o.Args))
		for i, a := range o.Args {
			args[i] = a.text(false)
		}
		called := o.Name
		if len(args) > 0 {
			called += "(" + strings.Join(args, ", ") + ")"
		}
		fmt.Fprintf(&b, "extend type %s { %s: %s! @allow(when: \"true\")%s }\n", kind, called, o.Result, more)
	}
	return b.String()
}

func (f *grownField) text(value bool) string {
	text := f.Name
	if !value {
		typ := f.Type
		if f.List {
			typ = "[" + typ + "!]"
		}
		if f.Required {
			typ += "!"
		}
		text += ": " + typ
	}
	if f.Former != "" {
		text += " @was(name: " + f.Former + ")"
	}
	if f.Deprecated && (value || !f.Required) {
		text += ` @deprecated(reason: "it goes")`
	}
	return text
}

// field is a new one for a type of a kind: of a scalar, an enum and, in entities, of a value object or another entity.
func (g *grown) field(t *rapid.T, name, kind string) *grownField {
	if kind == "enum" {
		return &grownField{Name: strings.ToUpper(name)}
	}
	f := &grownField{Name: name, Type: g.typ(t, kind), Required: rapid.Bool().Draw(t, "required")}
	f.List = kind == "entity" && slices.Contains(grownScalars, f.Type) && f.Type != "JSON" && rapid.IntRange(0, 4).Draw(t, "list") == 0
	f.Required = f.Required || f.List
	return f
}

func (g *grown) typ(t *rapid.T, kind string) string {
	types := slices.Clone(grownScalars)
	for _, other := range g.Types {
		if other.Kind == "enum" || kind == "entity" && other.Kind != "enum" {
			types = append(types, other.Name)
		}
	}
	return rapid.SampledFrom(types).Draw(t, "type")
}

func (g *grown) newType(t *rapid.T, kind string) {
	name := g.name()
	made := &grownType{Name: strings.ToUpper(name[:1]) + name[1:], Kind: kind, Verbs: []string{"READ", "CREATE", "UPDATE", "DELETE"}}
	for range rapid.IntRange(2, 4).Draw(t, "fields") {
		made.Fields = append(made.Fields, g.field(t, g.name(), kind))
	}
	g.Types = append(g.Types, made)
}

func (g *grown) newOperation(t *rapid.T) {
	o := &grownOperation{Name: g.name(), Mutation: rapid.Bool().Draw(t, "mutation"), Result: g.typ(t, "entity")}
	for range rapid.IntRange(0, 2).Draw(t, "arguments") {
		o.Args = append(o.Args, g.argument(t))
	}
	g.Operations = append(g.Operations, o)
}

func (g *grown) argument(t *rapid.T) *grownField {
	return &grownField{Name: g.name(), Type: rapid.SampledFrom(grownScalars).Draw(t, "type"), Required: rapid.Bool().Draw(t, "required")}
}

// named tells whether anything is of a type.
func (g *grown) named(name string) bool {
	of := func(f *grownField) bool { return f.Type == name }
	return slices.ContainsFunc(g.Types, func(t *grownType) bool { return slices.ContainsFunc(t.Fields, of) }) ||
		slices.ContainsFunc(g.Operations, func(o *grownOperation) bool { return o.Result == name })
}

// renames are the names in the contract that changed, as they begin words of it.
type renames map[string]string

func (r renames) of(name string) string {
	for was, is := range r {
		name = strings.ReplaceAll(name, was, is)
		name = strings.ReplaceAll(name, strings.ToUpper(was), strings.ToUpper(is))
		name = strings.ReplaceAll(name, strings.ToUpper(was[:1])+was[1:], strings.ToUpper(is[:1])+is[1:])
	}
	return name
}

// edit makes one edit. Adds tells that it only adds, which breaks nobody; it is false where there is nothing to edit, too.
func (g *grown) edit(t *rapid.T, renamed renames) (what string, adds bool) {
	of := rapid.SampledFrom(g.Types).Draw(t, "of")
	at := rapid.IntRange(0, len(of.Fields)-1).Draw(t, "at")
	f := of.Fields[at]
	what = rapid.SampledFrom([]string{
		"add a field", "take a field away", "rename a field", "bring a field back", "give a field another type", "turn what must be given",
		"turn a list", "deprecate", "move a field", "add a type", "take a type away", "rename a type", "turn a verb",
		"add an operation", "take an operation away", "add an argument", "take an argument away", "turn idempotency", "turn the kind",
	}).Draw(t, "edit")
	switch what {
	case "add a field":
		of.Fields = slices.Insert(of.Fields, at, g.field(t, g.name(), of.Kind))
		return what, true
	case "take a field away":
		if len(of.Fields) > 1 {
			of.Gone = append(of.Gone, f.Name)
			of.Fields = slices.Delete(of.Fields, at, at+1)
		}
	case "bring a field back":
		if at := slices.IndexFunc(g.Types, func(t *grownType) bool { return len(t.Gone) > 0 }); at >= 0 {
			of = g.Types[at]
			of.Fields = append(of.Fields, g.field(t, strings.ToLower(of.Gone[0]), of.Kind))
			of.Gone = of.Gone[1:]
		}
	case "rename a field":
		if f.Former != "" || of.Kind == "value" {
			break
		}
		f.Former, f.Name = f.Name, g.name()
		if of.Kind == "enum" {
			f.Name = strings.ToUpper(f.Name)
		}
		renamed[strings.ToLower(f.Former)] = strings.ToLower(f.Name)
	case "give a field another type":
		if of.Kind != "enum" {
			f.Type, f.List = g.typ(t, of.Kind), false
		}
	case "turn what must be given":
		f.Required = !f.Required || f.List
	case "turn a list":
		if of.Kind == "entity" && slices.Contains(grownScalars, f.Type) && f.Type != "JSON" {
			f.List, f.Required = !f.List, true
		}
	case "deprecate":
		f.Deprecated = !f.Deprecated
		return what, true
	case "move a field":
		of.Fields = append(slices.Delete(of.Fields, at, at+1), f)
		return what, true
	case "add a type":
		g.newType(t, rapid.SampledFrom([]string{"entity", "value", "enum"}).Draw(t, "kind"))
		return what, true
	case "take a type away":
		if !g.named(of.Name) && (of.Kind != "entity" || len(g.of("entity")) > 1) {
			g.Types = slices.DeleteFunc(g.Types, func(t *grownType) bool { return t == of })
		}
	case "rename a type":
		if of.Kind == "value" || of.Former != "" {
			break
		}
		name := g.name()
		of.Former, of.Name = of.Name, strings.ToUpper(name[:1])+name[1:]
		for _, t := range g.Types {
			for _, f := range t.Fields {
				if f.Type == of.Former {
					f.Type = of.Name
				}
			}
		}
		for _, o := range g.Operations {
			if o.Result == of.Former {
				o.Result = of.Name
			}
		}
		renamed[strings.ToLower(of.Former)] = name
	case "turn a verb":
		verb := rapid.SampledFrom([]string{"CREATE", "UPDATE", "DELETE"}).Draw(t, "verb")
		if at := slices.Index(of.Verbs, verb); at >= 0 {
			of.Verbs = slices.Delete(of.Verbs, at, at+1)
		} else {
			of.Verbs = append(of.Verbs, verb)
			return what, true
		}
	case "add an operation":
		g.newOperation(t)
		return what, true
	default:
		if len(g.Operations) > 0 {
			o := rapid.SampledFrom(g.Operations).Draw(t, "operation")
			return what, g.editOperation(t, what, o)
		}
	}
	return what, false
}

func (g *grown) editOperation(t *rapid.T, what string, o *grownOperation) (adds bool) {
	switch what {
	case "take an operation away":
		g.Operations = slices.DeleteFunc(g.Operations, func(other *grownOperation) bool { return o == other })
	case "add an argument":
		o.Args = append(o.Args, g.argument(t))
		return true
	case "take an argument away":
		if len(o.Args) > 0 {
			o.Args = o.Args[1:]
		}
	case "turn idempotency":
		o.Idempotent = !o.Idempotent
	case "turn the kind":
		o.Mutation = !o.Mutation
	}
	return false
}

// stay forgets what was renamed in the edition before.
func (g *grown) stay() {
	for _, t := range g.Types {
		t.Former = ""
		for _, f := range t.Fields {
			f.Former = ""
		}
	}
}

// copied is a copy that shares nothing.
func (g *grown) copied(t *rapid.T) *grown {
	text, err := json.Marshal(g)
	out := &grown{}
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Sequences of editions that random ones found, each cut down to what shows its rule.
func TestNumbersThroughEditions(t *testing.T) {
	entity := func(fields string) string {
		return "type Yard @entity @allow(do: READ, when: \"true\") { " + fields + " }\n"
	}
	type edition struct {
		text    string
		renamed renames
	}
	for _, c := range []struct {
		rule     string
		editions []edition
		of       string
		want     map[string]int // at last, of what was edited
	}{
		{
			"What went before its parent was renamed is new when it comes again: it never was called so.",
			[]edition{
				{text: entity("baka: Spot!") + "type Spot { a: Country bafa: Country }"},
				{text: entity("baka: Spot!") + "type Spot { a: Country }"},
				{entity("bama: Spot! @was(name: baka)") + "type Spot { a: Country }", renames{"baka": "bama"}},
				{text: entity("bama: Spot!") + "type Spot { a: Country bafa: Country }"},
			},
			"YardGroup",
			map[string]int{"bama_a": 9, "bama_bafa": 11},
		},
		{
			"What stands beside a parent under the name that a part of it would have had takes no number of that part.",
			[]edition{
				{text: entity("baka: Spot!") + "type Spot { a: Country bafa: Country }"},
				{text: entity("baka: Spot!") + "type Spot { a: Country }"},
				{entity("bama: Spot! @was(name: baka)") + "type Spot { a: Country }", renames{"baka": "bama"}},
				{text: entity("bama: Spot! bamaBafa: Country") + "type Spot { a: Country }"},
			},
			"YardGroup",
			map[string]int{"bama_a": 9, "bama_bafa": 11},
		},
		{
			"What went while its parent stayed has its number when it comes again.",
			[]edition{
				{text: entity("baka: Spot!") + "type Spot { a: Country bafa: Country }"},
				{text: entity("baka: Spot!") + "type Spot { a: Country }"},
				{text: entity("baka: Spot!") + "type Spot { a: Country c: Country bafa: Country }"},
			},
			"YardGroup",
			map[string]int{"baka_a": 9, "baka_bafa": 10, "baka_c": 11},
		},
		{
			"A value that went has its number when it comes again, whatever its enum is called by then.",
			[]edition{
				{text: entity("is: Mood") + "enum Mood { CALM EAGER }"},
				{text: entity("is: Mood") + "enum Mood { CALM }"},
				{entity("is: Feel") + "enum Feel @was(name: Mood) { CALM }", renames{"mood": "feel"}},
				{text: entity("is: Feel") + "enum Feel { CALM ANGRY EAGER }"},
			},
			"Feel",
			map[string]int{"CALM": 1, "EAGER": 2, "ANGRY": 3},
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			given, contract := &numbersOf{}, protodoor.Contract{}
			for _, e := range c.editions {
				next, ok := contractOf(t, t.TempDir(), "extend schema @backend(name: \"yard\", module: \"example.com/yard\")\n"+e.text, contract.Numbers)
				if !ok {
					t.Fatalf("no design:\n%s", e.text)
				}
				given.take(t, next, e.renamed)
				contract = next
			}
			for number, v := range given.last[c.of] {
				if want, ok := c.want[v.name]; ok && want != number {
					t.Errorf("%s of %s has the number %d, not %d", v.name, c.of, number, want)
				}
				delete(c.want, v.name)
			}
			if len(c.want) > 0 {
				t.Errorf("%s has none of %v", c.of, c.want)
			}
		})
	}
}

// TestEvolutions is the property above.
func TestEvolutions(t *testing.T) {
	edits, editions, breaks, folder := map[string]int{}, 0, 0, t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		g := &grown{}
		for _, kind := range []string{"enum", "value", "entity", "entity"} {
			g.newType(t, kind)
		}
		g.newOperation(t)
		contract, ok := contractOf(t, folder, g.text(), nil)
		if !ok {
			t.Fatalf("no design:\n%s", g.text())
		}
		given := &numbersOf{}
		given.take(t, contract, nil)
		for range rapid.IntRange(1, 5).Draw(t, "editions") {
			next, renamed, adds := g.copied(t), renames{}, true
			next.stay()
			for range rapid.IntRange(1, 3).Draw(t, "edits") {
				before := next.copied(t)
				what, more := next.edit(t, renamed)
				if next.text() == before.text() {
					continue
				}
				if _, ok := contractOf(t, folder, next.text(), contract.Numbers); !ok { // what check refuses is no edit
					next = before
					maps.DeleteFunc(renamed, func(was, is string) bool { return !strings.Contains(strings.ToLower(next.text()), is) })
					edits[what+", refused"]++
					continue
				}
				edits[what]++
				adds = adds && more
			}
			evolved, _ := contractOf(t, folder, next.text(), contract.Numbers)
			t.Logf("the edition:\n%s", next.text())
			given.take(t, evolved, renamed)
			changes, err := breaking.Proto(contract.Descriptors, evolved.Descriptors)
			if err != nil {
				t.Fatal(err)
			}
			// What is added may bring back what hung on something like it: an aggregate has its "avg" again with a number to
			// take the mean of. That is told, as buf tells of it.
			back := func(c breaking.Change) bool { return strings.HasPrefix(c.Rule, "RESERVED_") }
			if adds && slices.ContainsFunc(changes, func(c breaking.Change) bool { return !back(c) }) {
				t.Fatalf("what only adds breaks: %v", changes)
			}
			if editions++; len(changes) > 0 {
				breaks++
			}
			ofOneMind(t, folder, contract, evolved, changes)
			g, contract = next, evolved
		}
	})
	t.Logf("%d editions of %d break; edits: %v", breaks, editions, edits)
	if t.Failed() || editions < 200 { // of fewer, one kind of edit may be missing by chance
		return
	}
	for _, what := range []string{"rename a field", "rename a type", "bring a field back", "give a field another type", "take a field away", "turn the kind"} {
		if edits[what] == 0 {
			t.Errorf("no edit did: %s", what)
		}
	}
}

// contractOf is the gRPC contract of a design; false where check refuses it.
func contractOf(t rapid.TB, folder, text string, numbers protodoor.Numbers) (protodoor.Contract, bool) {
	c := check(folder, []design.Source{{Name: "design/yard.graphql", Text: text}})
	if len(c.Problems) > 0 {
		t.Logf("refused: %s [%s]", c.Problems[0].Message, c.Problems[0].Code)
		return protodoor.Contract{}, false
	}
	return protodoor.Emit(c.Model, numbers), true
}

// numbersOf are all numbers that were ever given, and those that the last contract gives.
type numbersOf struct{ ever, last numbering }

// numbering is what has a number, by the message or enum and the number.
type numbering map[string]map[int]numbered

type numbered struct{ name, typ string }

// take compares a contract with what was given before: nothing has the number of something else, and what is there still, or comes
// again under the name that it had, has its own. What is gone goes by no new name (decision 0084).
func (n *numbersOf) take(t rapid.TB, c protodoor.Contract, renamed renames) {
	is := numberingOf(t, c)
	ever := numbering{}
	for was, numbers := range n.ever {
		of := renamed.of(was)
		if is[of] == nil {
			of = was
		}
		for number, v := range numbers {
			called := numbered{renamed.of(v.name), renamed.of(v.typ)}
			_, there := n.last[was][number]
			if !(there && is.has(of, called)) && is[of][number] != called {
				called = v
			}
			ever.give(of, number, called)
		}
	}
	for of, numbers := range is {
		for number, v := range numbers {
			if before, ok := ever[of][number]; ok && before != v {
				t.Fatalf("the number %d of %s was that of %v and is that of %v", number, of, before, v)
			}
			for other, before := range ever[of] {
				if before == v && other != number {
					t.Fatalf("%v of %s had the number %d and has %d", v, of, other, number)
				}
			}
			ever.give(of, number, v)
		}
	}
	n.ever, n.last = ever, is
}

func (n numbering) give(of string, number int, v numbered) {
	if n[of] == nil {
		n[of] = map[int]numbered{}
	}
	n[of][number] = v
}

func (n numbering) has(of string, v numbered) bool {
	return slices.Contains(slices.Collect(maps.Values(n[of])), v)
}

// numberingOf reads the numbers of a contract. Values of an enum go without its name before them.
func numberingOf(t rapid.TB, c protodoor.Contract) numbering {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(c.Descriptors, set); err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatal(err)
	}
	is := numbering{}
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(file.Package()), "google.") {
			return true
		}
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			for j := range m.Fields().Len() {
				f := m.Fields().Get(j)
				typ := f.Kind().String()
				switch {
				case f.Message() != nil:
					typ = string(f.Message().Name())
				case f.Enum() != nil:
					typ = string(f.Enum().Name())
				}
				if f.IsList() {
					typ += " repeated"
				}
				is.give(string(m.Name()), int(f.Number()), numbered{string(f.Name()), typ})
			}
		}
		for i := range file.Enums().Len() {
			e := file.Enums().Get(i)
			prefix := strings.TrimSuffix(string(e.Values().ByNumber(0).Name()), "UNSPECIFIED")
			for j := range e.Values().Len() {
				v := e.Values().Get(j)
				is.give(string(e.Name()), int(v.Number()), numbered{name: strings.TrimPrefix(string(v.Name()), prefix)})
			}
		}
		return true
	})
	return is
}

// ofOneMind wants buf to tell of something where our gate does, and of each rule by which ours tells.
func ofOneMind(t *rapid.T, folder string, before, after protodoor.Contract, changes []breaking.Change) {
	if *bufProgram == "" {
		return
	}
	write := func(name string, c protodoor.Contract) string {
		root := filepath.Join(folder, name)
		file := filepath.Join(root, c.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, c.Text, 0o644); err != nil {
			t.Fatal(err)
		}
		return root
	}
	command := exec.Command(*bufProgram, "breaking", write("after", after), "--against", write("before", before), "--error-format", "json",
		"--config", "{version: v1, breaking: {use: [FILE]}}")
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if _, broken := err.(*exec.ExitError); err != nil && (!broken || len(out) == 0) {
		t.Fatalf("%v: %s %s", command, err, said.String())
	}
	rules := map[string]string{}
	for line := range strings.Lines(string(out)) {
		var finding struct{ Type, Message string }
		if err := json.Unmarshal([]byte(line), &finding); err != nil {
			t.Fatalf("buf says %q", line)
		}
		rules[finding.Type] = finding.Message
	}
	if (len(rules) > 0) != (len(changes) > 0) {
		t.Fatalf("buf tells of %v, and the gate of %v", rules, changes)
	}
	for _, c := range changes {
		if rules[c.Rule] == "" {
			t.Fatalf("the gate tells of %v, and buf by other rules: %v", c, rules)
		}
	}
}
