package graphql

import (
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// document is a text that was found valid.
type document struct {
	*ast.QueryDocument
	settled []atomic.Pointer[settled] // of each of its operations, once it was planned
}

// document parses and validates text, or finds it among the known.
func (d *Door) document(text string) (*document, []*failure) {
	if known, ok := d.documents.Get(text); ok {
		return known, nil
	}
	readable, ok := withoutSurrogates(text)
	if !ok {
		return nil, []*failure{badRequest(codeDocument, "A string of the document has half of a surrogate pair.", nil)}
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: readable}, d.limits.Tokens)
	if err != nil {
		if strings.Contains(err.Error(), "exceeded token limit") {
			return nil, []*failure{tooMuch("tokens", d.limits.Tokens, "The document has more than "+strconv.Itoa(d.limits.Tokens)+" tokens.", nil)}
		}
		return nil, d.fromParser(asList(err))
	}
	if f := d.limits.bounded(parsed); f != nil {
		return nil, []*failure{f}
	}
	if errs := validator.ValidateWithRules(d.schema.ast, parsed, d.rules); len(errs) > 0 {
		return nil, d.fromParser(errs)
	}
	known := &document{parsed, make([]atomic.Pointer[settled], len(parsed.Operations))}
	if len(text) <= maxKeptLength {
		d.documents.Put(text, known)
	}
	return known, nil
}

const maxKeptLength = 20_000 // bytes of a document; longer ones are not kept

// validation is what is demanded of documents. Where the schema is hidden its mistakes are told without the names that
// were meant.
func validation(hideSchema bool) *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule("NoObjectsForScalars", noObjectsForScalars)
	values := rules.ValuesOfCorrectTypeRule
	if hideSchema {
		values = rules.ValuesOfCorrectTypeRuleWithoutSuggestions
		for _, silent := range []validator.Rule{
			rules.FieldsOnCorrectTypeRuleWithoutSuggestions, rules.KnownArgumentNamesRuleWithoutSuggestions, rules.KnownTypeNamesRuleWithoutSuggestions,
			rules.ScalarLeafsRuleWithoutSuggestions,
		} {
			all.RemoveRule(strings.TrimSuffix(silent.Name, "WithoutSuggestions"))
			all.AddRule(silent.Name, silent.RuleFunc)
		}
	}
	all.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, numbersAsWritten(values.RuleFunc))
	return all
}

// numbersAsWritten is the parser's rule of values without its first complaint of a list or an object that holds a number which no
// float64 or int64 does: it reads all that is in it, also where a custom scalar takes any number. Where none does, the rule complains
// of the number itself.
func numbersAsWritten(rule core.RuleFunc) core.RuleFunc {
	return func(observers *validator.Events, add validator.AddErrFunc) {
		unread := false // the value that is looked at cannot be read as a whole, which was not yet said
		observers.OnValue(func(_ *validator.Walker, v *ast.Value) {
			unread = false
			if v.Kind == ast.ListValue || v.Kind == ast.ObjectValue {
				_, err := v.Value(nil)
				unread = err != nil
			}
		})
		rule(observers, func(options ...core.ErrorOption) {
			if unread {
				unread = false
				return
			}
			add(options...)
		})
	}
}

// noObjectsForScalars refuses {} where a scalar of the specification or an enum is expected (section 5.6.1): the parser's rule
// looks at the members of an object alone, and there are none.
func noObjectsForScalars(observers *validator.Events, add validator.AddErrFunc) {
	observers.OnValue(func(_ *validator.Walker, v *ast.Value) {
		if v.Kind != ast.ObjectValue || len(v.Children) > 0 || v.Definition == nil || v.ExpectedType == nil {
			return
		}
		if v.Definition.Kind == ast.Enum || v.Definition.OneOf("Int", "Float", "String", "Boolean", "ID") {
			add(validator.Message(`%s cannot represent an object: %s`, v.Definition.Name, v.String()), core.At(v.Position))
		}
	})
}

func asList(err error) gqlerror.List {
	var one *gqlerror.Error
	if errors.As(err, &one) {
		return gqlerror.List{one}
	}
	return gqlerror.List{{Message: err.Error()}}
}

// operation finds the operation to run.
func operation(document *document, name string) (*ast.OperationDefinition, *failure) {
	if name == "" {
		if len(document.Operations) == 1 {
			return document.Operations[0], nil
		}
		return nil, badRequest(codeDocument, "The document holds "+strconv.Itoa(len(document.Operations))+" operations: say which with operationName.", nil)
	}
	if op := document.Operations.ForName(name); op != nil {
		return op, nil
	}
	return nil, badRequest(codeDocument, "The document holds no operation "+strconv.Quote(name[:min(len(name), 64)])+".", nil)
}
