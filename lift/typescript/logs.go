package typescript

import (
	"regexp"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

var (
	logging = regexp.MustCompile(`^(console|.*[lL]og(ger)?)$`)
	levels  = regexp.MustCompile(`^(log|error|warn|info|debug|verbose|trace|fatal)$`)
)

// logged says of a call of a logger whether it writes down what lets its holder in ("log"), or what says something of a person ("personal
// log"), with the expression that does; "" for any other call.
func logged(f *file, call *syntax.Call) (kind, what string) {
	on, is := unwrapped(call.Fun).(*syntax.Select)
	if !is || !levels.MatchString(on.Name) || !logging.MatchString(endName(on.X)) {
		return "", ""
	}
	found := func(e syntax.Expr) bool {
		switch name := endName(e); {
		case facts.SecretNamed(name):
			kind, what = "log", f.said(e)
		case facts.PersonalNamed(name) && kind == "":
			kind, what = "personal log", f.said(e)
		}
		return kind == "log"
	}
	for _, arg := range call.Args {
		switch arg := unwrapped(arg).(type) {
		case *syntax.Template:
			for _, v := range arg.Values {
				if found(v) {
					return kind, what
				}
			}
		case *syntax.Object:
			for _, p := range arg.Props {
				if p.Value != nil && !p.Spread && found(p.Value) {
					return kind, what
				}
			}
		default:
			if found(arg) {
				return kind, what
			}
		}
	}
	return kind, what
}
