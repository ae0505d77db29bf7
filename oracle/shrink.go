package oracle

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// shrink makes a case that differs smaller, as long as it does: steps, then lines of the design, then parts of requests.
func shrink(c Case, differs func(Case) bool) Case {
	tries, judge := 600, differs
	differs = func(c Case) bool {
		tries--
		return tries > 0 && judge(c)
	}
	for {
		before := len(c.Design) + len(text(c.Steps))
		c = fewerSteps(c, differs)
		c = fewerLines(c, differs)
		c = smallerSteps(c, differs)
		if len(c.Design)+len(text(c.Steps)) == before {
			return c
		}
	}
}

func fewerSteps(c Case, differs func(Case) bool) Case {
	for size := len(c.Steps) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(c.Steps); {
			less := c
			less.Steps = slices.Delete(slices.Clone(c.Steps), at, at+size)
			if differs(less) {
				c = less
			} else {
				at += size
			}
		}
	}
	return c
}

func fewerLines(c Case, differs func(Case) bool) Case {
	lines := strings.Split(c.Design, "\n")
	for size := 8; size > 0; size /= 2 {
		for at := 0; at+size <= len(lines); {
			less := slices.Delete(slices.Clone(lines), at, at+size)
			if tried := (Case{strings.Join(less, "\n"), c.Steps}); differs(tried) {
				lines, c = less, tried
			} else {
				at += size
			}
		}
	}
	for i, line := range lines { // directives of a field
		for at := strings.LastIndex(line, " @"); at > 0; at = strings.LastIndex(line[:at], " @") {
			lines[i] = line[:at]
			if tried := (Case{strings.Join(lines, "\n"), c.Steps}); differs(tried) {
				line, c = lines[i], tried
			}
			lines[i] = line
		}
	}
	return c
}

// smallerSteps leaves out members of each step, one by one, at any depth.
func smallerSteps(c Case, differs func(Case) bool) Case {
	for i := range c.Steps {
		for at := 0; ; {
			ways := reduced(toTree(c.Steps[i]))
			if at >= len(ways) {
				break
			}
			var s Step
			less := c
			less.Steps = slices.Clone(c.Steps)
			if err := fromTree(ways[at], &s); err == nil && len(text(s)) < len(text(c.Steps[i])) {
				less.Steps[i] = s
				if differs(less) {
					c = less
					continue
				}
			}
			at++
		}
	}
	return c
}

func toTree(s Step) any {
	var tree any
	decoder := json.NewDecoder(strings.NewReader(text(s)))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		panic(err)
	}
	return tree
}

func fromTree(tree any, s *Step) error {
	decoder := json.NewDecoder(strings.NewReader(text(tree)))
	decoder.UseNumber()
	return decoder.Decode(s)
}

// reduced is a tree with one part less, in every way.
func reduced(tree any) (all []any) {
	switch tree := tree.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			if name == "do" || name == "of" && tree["field"] != nil || name == "of" && tree["select"] != nil {
				if name == "do" || tree["field"] == nil {
					continue
				}
			} else {
				less := maps.Clone(tree)
				delete(less, name)
				all = append(all, less)
			}
			for _, inner := range reduced(tree[name]) {
				less := maps.Clone(tree)
				less[name] = inner
				all = append(all, less)
			}
		}
	case []any:
		for i := range tree {
			all = append(all, slices.Delete(slices.Clone(tree), i, i+1))
		}
		for i := range tree {
			for _, inner := range reduced(tree[i]) {
				less := slices.Clone(tree)
				less[i] = inner
				all = append(all, less)
			}
		}
	}
	return all
}

// fitted leaves out of steps what a design does not have (any more); ok tells whether anything is left of each.
func (s *Schema) fitted(steps []Step) []Step {
	var out []Step
	for _, step := range steps {
		if fit, ok := s.fit(step); ok {
			out = append(out, fit)
		}
	}
	return out
}

func (s *Schema) fit(step Step) (Step, bool) {
	if s.Tenant == nil {
		step.Tenant, step.ByKey = "", false
	}
	if step.Do == "read" {
		if step.Read == nil {
			return step, false
		}
		read := *step.Read
		t := s.Types[read.Of]
		for _, q := range s.Queries {
			if q.Name == read.Of {
				t = q.Of
				for _, a := range q.Args {
					if read.Args[a.Name] == nil {
						return step, false
					}
				}
			}
		}
		if t == nil || !exposed(t, "READ") {
			return step, false
		}
		s.fitRead(&read, t)
		if read.Aggregate != nil {
			read.Aggregate = fitAggregate(read.Aggregate, t)
		}
		step.Read = &read
		return step, true
	}
	if step.Do == "batch" {
		step.Batch = s.fitted(step.Batch)
		return step, len(step.Batch) > 0
	}
	t := s.Types[step.Entity]
	verb := strings.ToUpper(step.Do)
	if step.Do == "restore" {
		verb = "DELETE"
	}
	if t == nil || step.Row == "" || step.As != "system" && !exposed(t, verb) || step.Do == "restore" && !t.Soft {
		return step, false
	}
	step.Values = fitValues(t, step.Values)
	return step, step.Do != "update" || len(step.Values) > 0
}

// fitValues leaves out what an entity does not have.
func fitValues(t *Type, values map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		f := t.Field(name)
		object := objectOf(v)
		switch {
		case f == nil && name != labelMember && name != "id" && name != "version":
			continue
		case f == nil || f.Auto:
		case v == nil && !f.Null, f.List() && object != nil && !f.Parts() && !f.Owner:
			continue
		case f.Parts():
			asked := map[string]any{}
			for member, items := range object {
				list := []any{}
				for _, item := range items.([]any) {
					if row, ok := item.(map[string]any); ok {
						item = fitValues(f.Type, row)
					}
					list = append(list, item)
				}
				asked[member] = list
			}
			v = asked
		}
		out[name] = v
	}
	return out
}

func (s *Schema) fitRead(ask *Read, t *Type) {
	var fields []Selection
	for _, selected := range ask.Select {
		f := t.Field(selected.Field)
		if f == nil || !shown(f) {
			continue
		}
		if f.List() || f.Scalar == "reference" {
			of := Read{}
			if selected.Of != nil {
				of = *selected.Of
			}
			s.fitRead(&of, f.Type)
			selected.Of = &of
		}
		fields = append(fields, selected)
	}
	ask.Select = fields
	ask.Where = s.fitWhere(ask.Where, t)
	var order []string
	for _, key := range ask.Order {
		if slices.Contains(keys(t), strings.TrimSuffix(strings.TrimSuffix(key, "_ASC"), "_DESC")) {
			order = append(order, key)
		}
	}
	ask.Order = order
}

func (s *Schema) fitWhere(where map[string]any, t *Type) map[string]any {
	if where == nil {
		return nil
	}
	out := map[string]any{}
	for member, v := range where {
		switch member {
		case "and", "or":
			list := []any{}
			for _, w := range objects(v) {
				if fit := s.fitWhere(w, t); len(fit) > 0 {
					list = append(list, fit)
				}
			}
			if len(list) > 0 {
				out[member] = list
			}
			continue
		case "not":
			if fit := s.fitWhere(v.(map[string]any), t); len(fit) > 0 {
				out[member] = fit
			}
			continue
		}
		f := t.Field(member)
		if f == nil || !shown(f) {
			continue
		}
		asked, _ := v.(map[string]any)
		switch f.Scalar {
		case "list":
			quantified := map[string]any{}
			for quantifier, w := range asked {
				quantified[quantifier] = s.fitWhere(w.(map[string]any), f.Type)
			}
			v = quantified
		case "reference":
			v = s.fitWhere(asked, f.Type)
		case "value":
			parts := map[string]any{}
			for name, w := range asked {
				if f.Type.Field(name) != nil {
					parts[name] = w
				}
			}
			v = parts
		}
		if object, ok := v.(map[string]any); !ok || len(object) > 0 {
			out[member] = v
		}
	}
	return out
}
