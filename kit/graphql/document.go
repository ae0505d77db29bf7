package graphql

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// documents keeps validated documents by their text, bounded. Its zero value is empty.
type documents struct {
	mu    sync.RWMutex
	known map[string]*ast.QueryDocument
}

const (
	maxDocuments      = 500
	maxDocumentLength = 20_000 // bytes; longer ones are not kept
)

func (d *documents) get(text string) *ast.QueryDocument {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.known[text]
}

// put keeps a document. When there are too many, any other goes: programs send the same few over and over, so those
// come back at once.
func (d *documents) put(text string, document *ast.QueryDocument) {
	if len(text) > maxDocumentLength {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[string]*ast.QueryDocument{}
	}
	for other := range d.known {
		if len(d.known) < maxDocuments {
			break
		}
		delete(d.known, other)
	}
	d.known[strings.Clone(text)] = document
}

// document parses and validates text, or finds it among the known.
func (d *door) document(text string) (*ast.QueryDocument, []*failure) {
	if document := d.documents.get(text); document != nil {
		return document, nil
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, d.limits.Tokens)
	if err != nil {
		return nil, fromParser(asList(err))
	}
	if errs := validator.ValidateWithRules(d.schema.ast, document, nil); len(errs) > 0 {
		return nil, fromParser(errs)
	}
	d.documents.put(text, document)
	return document, nil
}

func asList(err error) gqlerror.List {
	var one *gqlerror.Error
	if errors.As(err, &one) {
		return gqlerror.List{one}
	}
	return gqlerror.List{{Message: err.Error()}}
}

// operation finds the operation to run.
func operation(document *ast.QueryDocument, name string) (*ast.OperationDefinition, *failure) {
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
