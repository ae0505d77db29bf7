package typescript

import (
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// findSecrets finds texts of a file that let their holder in: by the form that their maker gives them, or as a key that signatures are made with.
func (l *lifter) findSecrets(f *file) {
	if f.aside != "" {
		return
	}
	keys := map[syntax.Expr]bool{}
	keyed := func(name string, e syntax.Expr) {
		if e != nil && facts.KeyNamed(facts.Snake(name)) {
			keys[unwrapped(e)] = true
		}
	}
	look := func(n syntax.Node) bool {
		text := ""
		switch n := n.(type) {
		case *syntax.Var:
			for _, v := range n.Names {
				if v.Pattern != nil {
					keyed(v.Pattern.Name, v.Init)
				}
			}
		case *syntax.Property:
			keyed(n.Key, n.Value)
		case *syntax.Assign:
			keyed(endName(n.X), n.Y)
		case *syntax.Binary: // process.env.JWT_SECRET || "…"
			if n.Op == "||" || n.Op == "??" {
				keyed(endName(n.X), n.Y)
			}
		case *syntax.Class:
			for _, m := range n.Members {
				keyed(m.Name, m.Value)
			}
		case *syntax.Literal:
			if n.Kind == syntax.Text {
				text = n.Value
			}
		case *syntax.Template:
			if len(n.Values) == 0 {
				text = n.Parts[0]
			}
		}
		if text == "" {
			return true
		}
		kind := facts.SecretForm(text)
		if e, is := n.(syntax.Expr); kind == "" && is && keys[e] && facts.KeyFormed(text) {
			kind = "signing key"
		}
		if kind != "" {
			l.facts.Secrets = append(l.facts.Secrets, facts.Secret{Pos: f.pos(n), Kind: kind})
		}
		return true
	}
	for _, s := range f.tree.Body {
		syntax.Walk(s, look)
	}
}
