package build

import (
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// certain finds computed fields that may not be null, by their types, and yet may be: what they are computed from is null, or does not
// fit them (decision 0086). A Boolean is true or false whatever it is computed from; what is reckoned of the row's own values alone is refused
// when the row is written.
func (b *builder) certain() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			b.certainDefault(e, f)
			if f.Computed == nil || f.Method || f.Kind == model.Boolean || !b.computed[f] || ownReckoning(e, f.Computed) {
				continue
			}
			v := standing{row: e}
			if f.Null {
				if x := f.Computed; x.Op == model.Const && x.Value != nil && v.exceeds(x, f) != "" {
					b.problems.Add(design.Find(b.directives(f), "computed").Arg("from").Pos, MayBeNull, "write a constant that fits it", "%s is always null: what it comes to does not fit", f.Name)
				}
				continue
			}
			why := v.lacks(f.Computed)
			if why == "" {
				why = v.exceeds(f.Computed, f)
			}
			if why != "" {
				d := design.Find(b.directives(f), "computed")
				b.problems.Add(d.Arg("from").Pos, MayBeNull, fmt.Sprintf("write %s: %s, without \"!\"", f.Name, b.written[f].Type.Name), "%s may be null: %s", f.Name, why)
			}
		}
	}
}

// certainDefault reports a default that may be null, of a field that must have a value and that no client sets: who makes the row would be told
// that he must give it.
func (b *builder) certainDefault(e *model.Entity, f *model.Field) {
	if f.Default == nil || f.Default.Op == model.Const || f.Null || !f.ReadOnly || len(e.Allow.Create) == 0 {
		return
	}
	v := standing{row: e, made: true}
	if b.model.Account != nil {
		v.viewer = b.model.Account.Entity
	}
	if why := v.lacks(f.Default); why != "" {
		from := design.Find(b.directives(f), "default").Arg("from")
		hint := fmt.Sprintf("write %s: %s, without \"!\", or @immutable for @readOnly, so that clients give it", f.Name, b.written[f].Type.Name)
		b.problems.Add(from.Pos, MayBeNull, hint, "the default of %s may be null: %s", f.Name, why)
	}
}

// ownReckoning tells whether x reckons with nothing but stored values of its row that are never null: whoever writes one that does not fit
// hears that (mustFit of package query).
func ownReckoning(e *model.Entity, x *model.Expr) bool {
	reckons, alone := false, true
	each(x, func(x *model.Expr) {
		switch x.Op {
		case model.Const:
		case model.Add, model.Sub, model.Mul, model.Neg:
			reckons = true
		case model.Get:
			f, why := standing{row: e}.follow(x)
			alone = alone && x.Root == model.This && f != nil && f.Stored() && why == "" && (len(x.Path) == 1 || find(e.Fields, x.Path[0]).Kind == model.Value)
		default:
			alone = false
		}
	})
	return reckons && alone
}

func each(x *model.Expr, do func(*model.Expr)) {
	do(x)
	for _, a := range x.Args {
		each(a, do)
	}
}

// standing is where an expression stands: its row, and the elements around it.
type standing struct {
	row      *model.Entity
	elements map[string]*model.Entity // of the lists around it, by the names of their variables
	made     bool                     // the row is made: what it refers to is there, and so is its viewer
	viewer   *model.Entity
}

// within is the value of an element of the list of x.
func (v standing) within(x *model.Expr) standing {
	inner := standing{row: v.row, elements: map[string]*model.Entity{}, made: v.made, viewer: v.viewer}
	for name, e := range v.elements {
		inner.elements[name] = e
	}
	if list := v.field(x.Args[0]); list != nil {
		inner.elements[x.Var] = list.Target
	}
	return inner
}

// field is what a Get leads to, nil where that is no field.
func (v standing) field(x *model.Expr) *model.Field {
	last, _ := v.follow(x)
	return last
}

// follow is the field that a Get leads to, and why there may be nothing.
func (v standing) follow(x *model.Expr) (last *model.Field, why string) {
	e := v.row
	switch {
	case x.Op != model.Get:
		return nil, ""
	case x.Root == model.Variable:
		e = v.elements[x.Var]
	case x.Root == model.Viewer && !v.made:
		return nil, "nobody may be signed in"
	case x.Root == model.Viewer: // who is not signed in is told so, or has no rule
		e = v.viewer
	case x.Root != model.This:
		return nil, ""
	}
	var fields []*model.Field
	if e != nil {
		fields = e.Fields
	}
	for i, name := range x.Path {
		f := find(fields, name)
		if f == nil {
			return nil, why
		}
		switch {
		case why != "" || f.Kind == model.List:
		case f.Null:
			why = f.Name + " may be"
		case f.Kind == model.Ref && f.Target != nil && f.Target.Vanishes() && !f.Said && (!v.made || i > 0):
			why = f.Name + " is while what it refers to is deleted"
		}
		last, fields = f, f.Fields
		if f.Target != nil {
			fields = f.Target.Fields
		}
	}
	return last, why
}

// lacks is why x may be null though all numbers fit, empty where it is not.
func (v standing) lacks(x *model.Expr) string {
	switch x.Op {
	case model.Const:
		if x.Value == nil {
			return "it is null"
		}
		return ""
	case model.Get:
		_, why := v.follow(x)
		return why
	case model.Min, model.Max, model.Avg, model.Find:
		return "there may be no rows"
	case model.If:
		return first(v.lacks(x.Args[1]), v.lacks(x.Args[2]))
	case model.Div, model.Mod:
		if !nonzero(x.Args[1]) {
			return "it may be divided by zero"
		}
		return v.lacks(x.Args[0])
	case model.Call:
		switch x.Name {
		case "slug", "next", "token": // are made up where nothing is given
			return ""
		}
		fallthrough
	case model.Add, model.Sub, model.Mul, model.Neg:
		for _, a := range x.Args {
			if why := v.lacks(a); why != "" {
				return why
			}
		}
	}
	return "" // what is true or false, a count, a sum, an instant
}

// nonzero tells whether x is a literal that is not 0.
func nonzero(x *model.Expr) bool {
	if x.Op == model.Neg {
		return nonzero(x.Args[0])
	}
	n, err := strconv.ParseFloat(fmt.Sprint(x.Value), 64)
	return x.Op == model.Const && err == nil && n != 0
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// rowBits is how many bits the number of rows of a table has at most. There are not that many.
const rowBits = 30

// exceeds is why x, which is not null, may not fit f.
func (v standing) exceeds(x *model.Expr, f *model.Field) string {
	const sum = "a sum of rows may not fit"
	if f.Kind == model.Decimal && v.outruns(x, f) {
		return "what it comes to may not fit"
	}
	switch reckons := v.reckons(x); {
	case !reckons:
		return ""
	case f.Kind == model.Int || f.Kind == model.Int64:
		most := 31
		if f.Kind == model.Int64 {
			most = 63
		}
		if v.size(x) <= most {
			return ""
		}
	case f.Kind == model.Decimal && x.Op == model.Sum:
		of := v.within(x).field(x.Args[2])
		if of != nil && of.Kind == model.Decimal && f.Scale >= of.Scale && wholeDigits(f) >= wholeDigits(of)+9 && of.Digits <= 9 {
			return "" // 18 digits hold it on either database
		}
	}
	if x.Op == model.Sum {
		return sum
	}
	return "what it comes to may not fit"
}

// outruns tells whether x is a Decimal of a field, or a choice between such, that has more digits before the point than f, rounded to those of f
// behind it.
func (v standing) outruns(x *model.Expr, f *model.Field) bool {
	switch x.Op {
	case model.If:
		return v.outruns(x.Args[1], f) || v.outruns(x.Args[2], f)
	case model.Const:
		text, _ := x.Value.(string)
		n, ok := new(big.Rat).SetString(text)
		return ok && len(strings.TrimLeft(new(big.Rat).Abs(n).FloatString(f.Scale), "0")) > f.Digits+min(f.Scale, 1)
	case model.Get:
		of := v.field(x)
		if of == nil || of.Kind != model.Decimal {
			return false
		}
		whole := wholeDigits(of)
		if f.Scale < of.Scale {
			whole++ // 9.99 is 10.0
		}
		return whole > wholeDigits(f)
	}
	return false
}

func wholeDigits(f *model.Field) int { return f.Digits - f.Scale }

// reckons tells whether x is a number, an instant or a duration that is worked out.
func (v standing) reckons(x *model.Expr) bool {
	switch x.Op {
	case model.Sum:
		return true
	case model.Count:
		return true
	case model.Add, model.Sub, model.Mul, model.Div, model.Mod, model.Neg:
		return x.Kind != model.String
	case model.If:
		return v.reckons(x.Args[1]) || v.reckons(x.Args[2])
	case model.Get:
		f := v.field(x)
		return f != nil && (f.Kind == model.Int || f.Kind == model.Int64)
	case model.Const:
		_, whole := x.Value.(int64)
		return whole
	}
	return false
}

// size is how many bits a whole number has at most, without its sign.
func (v standing) size(x *model.Expr) int {
	const unknown = 64
	switch x.Op {
	case model.Const:
		if n, ok := x.Value.(int64); ok && n >= 0 {
			return bits.Len64(uint64(n))
		} else if ok {
			return bits.Len64(uint64(-n))
		}
	case model.Count:
		return rowBits
	case model.Sum:
		return min(unknown, rowBits+v.within(x).size(x.Args[2]))
	case model.Get:
		if f := v.field(x); f != nil && f.Kind == model.Int {
			return 31
		} else if f != nil && f.Kind == model.Int64 {
			return 63
		}
	case model.Add, model.Sub:
		return min(unknown, 1+max(v.size(x.Args[0]), v.size(x.Args[1])))
	case model.Mul:
		return min(unknown, v.size(x.Args[0])+v.size(x.Args[1]))
	case model.Div:
		if by, ok := x.Args[1].Value.(int64); ok && by > 0 {
			return v.size(x.Args[0])
		}
		return min(unknown, 1+v.size(x.Args[0])) // by -1
	case model.Neg:
		return min(unknown, 1+v.size(x.Args[0])) // the least has no positive twin
	case model.Mod:
		return v.size(x.Args[1])
	case model.If:
		return max(v.size(x.Args[1]), v.size(x.Args[2]))
	case model.Call:
		if x.Name == "size" {
			return rowBits
		}
	}
	return unknown
}
