package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/recipe"
)

var checkDesign = &Tool{
	Name: "check_design", Title: "Check or read the design", ReadOnly: true,
	Description: "Every mistake in design/*.graphql, else an outline of entities, rules and operations. With file: its text. With recipes: what edit_design can add.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"file":{"type":"string","description":"design/MODULE.graphql, to read"},
"recipes":{"type":"boolean"},
"page":{"type":"integer","minimum":1}}}`),
	run: runCheck,
}

func runCheck(_ context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		File    string `json:"file"`
		Recipes bool   `json:"recipes"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if in.Recipes {
		return recipes(), nil
	}
	checked, err := p.design()
	if err != nil {
		return f, err
	}
	if in.File != "" {
		content, found := checked.Texts[in.File]
		if !found {
			return f, fmt.Errorf("%s: no such file; there are %s", clip(in.File, 80), strings.Join(files(checked), ", "))
		}
		f.Summary = in.File
		for part := range chunks(content, maxItem/2) {
			f.add(part, "%s", part)
		}
		return f, nil
	}
	if len(checked.Problems) > 0 {
		f.Summary = count(len(checked.Problems), "problem") + " in the design."
		f.problems(checked.Problems, checked.Texts)
		return f, nil
	}
	if checked.Model == nil {
		f.Summary = "There is no design yet: edit_design begins one, by the recipe registration or entity."
		return f, nil
	}
	f.Summary = fmt.Sprintf("No problem. Backend %s: %s.", checked.Model.Name, strings.Join(files(checked), ", "))
	outline(&f, checked.Model)
	return f, nil
}

func files(c *pipeline.Checked) []string {
	var names []string
	for name := range c.Texts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// chunks cuts a text into parts of whole lines.
func chunks(text string, most int) func(func(string) bool) {
	return func(yield func(string) bool) {
		var part strings.Builder
		for line := range strings.Lines(text) {
			if part.Len() > 0 && part.Len()+len(line) > most {
				if !yield(part.String()) {
					return
				}
				part.Reset()
			}
			part.WriteString(line)
		}
		if part.Len() > 0 {
			yield(part.String())
		}
	}
}

// outline tells the entities and operations of a backend.
func outline(f *Facts, m *model.Model) {
	type entityFacts struct {
		Entity string            `json:"entity"`
		At     string            `json:"at"`
		Path   string            `json:"path"`
		Fields []string          `json:"fields"`
		Rules  map[string]string `json:"rules"`
	}
	for _, e := range m.Entities {
		one := entityFacts{Entity: e.Name, At: fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line), Path: "/v1/" + e.Path, Rules: map[string]string{}}
		for _, field := range e.Fields {
			if !field.Auto {
				one.Fields = append(one.Fields, field.Name)
			}
		}
		var rules []string
		for _, verb := range []model.Verb{model.Read, model.Create, model.Update, model.Delete} {
			var whens []string
			for _, r := range *e.Allow.Of(verb) {
				whens = append(whens, r.Source)
			}
			if len(whens) > 0 {
				one.Rules[string(verb)] = strings.Join(whens, " || ")
				rules = append(rules, fmt.Sprintf("%s when %s", verb, one.Rules[string(verb)]))
			}
		}
		f.add(one, "entity %s (%s) %s: %s; %s", one.Entity, one.At, one.Path, strings.Join(one.Fields, " "), strings.Join(rules, "; "))
	}
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			address := o.Method + " /v1" + o.Path
			f.add(map[string]string{"operation": o.Name, "at": fmt.Sprintf("%s:%d", o.Pos.File, o.Pos.Line), "address": address}, "operation %s (%s:%d) %s", o.Name, o.Pos.File, o.Pos.Line, address)
		}
	}
}

func recipes() (f Facts) {
	f.Summary = fmt.Sprintf("%d recipes: edit_design with recipe and args.", len(recipe.Recipes))
	for _, r := range recipe.Recipes {
		args := strings.TrimPrefix(r.Example, "fettle add "+r.Name)
		f.add(map[string]string{"recipe": r.Name, "title": r.Title, "takes": r.Takes, "example": strings.TrimSpace(args)}, "%s: %s. Takes %s; such as%s", r.Name, r.Title, r.Takes, args)
	}
	for _, g := range recipe.Unsaid {
		f.add(map[string]string{"given": g.Name, "how": g.How}, "no recipe needed: %s: %s (%s)", g.Name, g.Title, g.How)
	}
	for _, w := range pipeline.WaitingRecipes() {
		state := "not built yet"
		if w.Built {
			state = "built, without a recipe"
		}
		f.add(map[string]string{"waiting": w.Name, "state": state}, "no recipe: %s, %s", w.Name, state)
	}
	return f
}

var editDesign = &Tool{
	Name: "edit_design", Title: "Edit the design",
	Description: "Shows the difference, what is wrong with it and its hash; the same call with apply: HASH writes it. By a recipe (check_design with recipes lists them) or by replacing texts that stand once. A change that would lose data needs a person: fettle approve HASH.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"recipe":{"type":"string"},
"args":{"type":"array","maxItems":40,"items":{"type":"string"},"description":"of the recipe: Note, Note.title"},
"replace":{"type":"array","maxItems":20,"items":{"type":"object","additionalProperties":false,"required":["file","new"],"properties":{
"file":{"type":"string","description":"design/MODULE.graphql"},"old":{"type":"string","description":"left out: a new file"},"new":{"type":"string"}}}},
"apply":{"type":"string","description":"hash of the shown change"},
"page":{"type":"integer","minimum":1}}}`),
	writes: true, run: runEdit,
}

func runEdit(_ context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		Recipe  string   `json:"recipe"`
		Args    []string `json:"args"`
		Replace []struct {
			File string `json:"file"`
			Old  string `json:"old"`
			New  string `json:"new"`
		} `json:"replace"`
		Apply string `json:"apply"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if (in.Recipe == "") == (len(in.Replace) == 0) {
		return f, fmt.Errorf("say either recipe, with args, or replace")
	}
	begin := p.Staged
	if begin == nil {
		if begin, err = pipeline.Open(p.Dir); err != nil {
			return f, err
		}
	}
	var e *pipeline.Edited
	if in.Recipe != "" {
		r, err := pipeline.Recipe(in.Recipe)
		if err != nil {
			return f, err
		}
		if e, err = begin.Add(r, in.Args); err != nil {
			return f, err
		}
	} else {
		var replacements []pipeline.Replacement
		for _, r := range in.Replace {
			replacements = append(replacements, pipeline.Replacement{File: r.File, Old: r.Old, New: r.New})
		}
		if e, err = begin.Rewrite(replacements); err != nil {
			return f, err
		}
	}
	return p.edited(e, begin.Hash, in.Apply)
}

// edited shows an edit, or writes it where its hash was given.
func (p *Project) edited(e *pipeline.Edited, before, apply string) (f Facts, err error) {
	if e.Hash == before {
		f.Summary = "Nothing changes: the design has it already."
		return f, nil
	}
	if len(e.Problems) > 0 {
		f.NotTaken = true
		f.Summary = fmt.Sprintf("Nothing was written: the design would have %s.", count(len(e.Problems), "problem"))
		f.problems(e.Problems, e.Texts)
		f.add(nil, "%s", e.Diff)
		return f, nil
	}
	losses, err := p.lossesOf(e)
	if err != nil {
		return f, err
	}
	for part := range chunks(e.Diff, maxItem/2) {
		f.add(map[string]string{"diff": part}, "%s", part)
	}
	for _, note := range e.Applied {
		f.add(map[string]string{"note": note}, "note: %s", note)
	}
	for _, loss := range losses {
		f.add(map[string]string{"loses": loss}, "loses data: %s", loss)
	}
	switch {
	case p.Staged != nil:
		p.Staged = e
		f.Summary = "Edited, and not written yet: a person is asked for all edits together."
		if len(losses) > 0 {
			f.Summary += " It would lose data: what was renamed keeps its data by @was(name:); what else is lost the person decides, so say it in your last words."
		}
	case apply == "":
		f.Summary = fmt.Sprintf("Nothing is written yet. apply: %s writes this.", e.Hash)
		if len(losses) > 0 {
			f.Summary = fmt.Sprintf("Nothing is written. This would lose data, so a person has to approve it first: fettle approve %s; then apply: %[1]s.", e.Hash)
			err = p.await(e.Hash, losing(e.Diff, losses))
		}
	case apply != e.Hash:
		return Facts{}, fmt.Errorf("apply: %s is not the hash of this change; the design may have changed since it was shown: ask without apply to see it", clip(apply, 40))
	case len(losses) > 0 && !p.approved(e.Hash, losing(e.Diff, losses)):
		return Facts{}, fmt.Errorf("this would lose data (%s): a person has to approve it at a terminal first: fettle approve %s", losses[0], e.Hash)
	default:
		if err := e.Write(); err != nil {
			return Facts{}, err
		}
		p.settled(e.Hash)
		f = Facts{Summary: "Written. generate writes what follows from it."}
	}
	return f, err
}

// losing is what a person reads of a change that loses data.
func losing(diff string, losses []string) string {
	return strings.TrimPrefix(diff+"\n", "\n") + strings.Join(losses, "\n") + "\n"
}

// lossesOf is what the migration of an edited design would lose.
func (p *Project) lossesOf(e *pipeline.Edited) ([]string, error) {
	g, err := e.Generate(pipeline.Options{Kit: p.Kit})
	if err != nil {
		return nil, err
	}
	return losses(g), nil
}

func losses(g *pipeline.Generated) []string {
	var out []string
	for _, loss := range g.Migration.Losses {
		out = append(out, loss.Text)
	}
	return out
}
