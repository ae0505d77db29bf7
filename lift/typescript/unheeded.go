package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// identifies are names of what says who calls.
var identifies = regexp.MustCompile(`^(user|account|member|owner|author|team|org|organi[sz]ation|workspace|tenant|company)(Id|Uid|ID)$|^uid$|^(currentUser|user|actor|requester)$`)

// findUnheeded notes what a function is told of who calls, as its parameters' types say, and never looks at.
func (l *lifter) findUnheeded(f *function) {
	if f.node == nil || f.node.Body == nil || f.file.aside != "" {
		return
	}
	for i, p := range f.node.Params {
		if p.Pattern == nil || len(p.Decorators) > 0 {
			continue
		}
		if name := p.Pattern.Name; identifies.MatchString(name) {
			if !f.mentions(name, i) {
				f.fact.Unheeded = append(f.fact.Unheeded, name)
			}
			continue
		}
		t := l.typed(f.file, p.Type)
		members := t.members
		if t.face != nil {
			members = t.face.Members
		}
		for _, m := range members {
			if identifies.MatchString(m.Name) && !f.reads(p.Pattern, m.Name) {
				f.fact.Unheeded = append(f.fact.Unheeded, m.Name)
			}
		}
	}
}

// mentions reports whether a function names a parameter of its own.
func (f *function) mentions(name string, param int) bool {
	found := false
	for _, s := range bodyOf(f) {
		syntax.Walk(s, func(n syntax.Node) bool {
			if id, is := n.(*syntax.Ident); is && id.Name == name {
				found = true
			}
			return !found
		})
	}
	for i, p := range f.node.Params {
		if i != param && p.Default != nil {
			syntax.Walk(p.Default, func(n syntax.Node) bool {
				id, is := n.(*syntax.Ident)
				found = found || is && id.Name == name
				return !found
			})
		}
	}
	return found
}

// reads reports whether a function reads a member of a parameter, or does with the whole of it what nobody follows.
func (f *function) reads(p *syntax.Pattern, member string) bool {
	if p.Name == "" { // ({id, userId}) => …
		return len(p.Items) > 0 || slices.ContainsFunc(p.Props, func(prop *syntax.PatternProp) bool {
			return prop.Key == member || prop.Pattern != nil && prop.Pattern.Rest
		})
	}
	heeded, uses := false, map[*syntax.Ident]bool{} // uses that are seen to read other members
	for _, s := range bodyOf(f) {
		syntax.Walk(s, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Select:
				if id, is := unwrapped(n.X).(*syntax.Ident); is && id.Name == p.Name {
					uses[id] = true
					heeded = heeded || n.Name == member
				}
			case *syntax.Var:
				for _, v := range n.Names {
					if id, is := unwrapped(v.Init).(*syntax.Ident); is && id.Name == p.Name && v.Pattern != nil && len(v.Pattern.Props) > 0 {
						uses[id] = true
						heeded = heeded || f.reads(v.Pattern, member)
					}
				}
			case *syntax.Ident:
				if n.Name == p.Name && !uses[n] {
					heeded = true
				}
			}
			return !heeded
		})
	}
	return heeded
}
