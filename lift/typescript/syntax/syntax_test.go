package syntax_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Whatever a file holds is read to its end, in bounds, and every node lies within it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"const a = (b: C): D => b ? (c) : d => e;", "`a${`b${c}`}d`", "class A { @B() async *c?(@D() private readonly e: F<G<H>>) {} }", "for await (const [a, { b = 1 }] of c) label: break label;",
		"type A = { [K in B]: `${C}!` } extends infer D ? D : never;", strings.Repeat("(", 4000), strings.Repeat("a<", 2000), strings.Repeat("(a = ", 600), strings.Repeat("[", 900) + "=", strings.Repeat("{a:", 900),
		"const x = a < b > (c)", "export default abstract class {", "\\", "/*", "'\\", "`${", "#", "@", "x = /[/]/g.test(y) / 2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		slow := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("no end of %q", text)) })
		file := syntax.Parse("a.ts", text)
		slow.Stop()
		for _, s := range file.Body {
			syntax.Walk(s, func(n syntax.Node) bool {
				if n.Pos() < 0 || n.End() < n.Pos() || n.End() > len(text) {
					t.Fatalf("%T at %d to %d of %d", n, n.Pos(), n.End(), len(text))
				}
				return true
			})
		}
		for _, at := range file.Broken {
			file.Line(at)
		}
	})
}
