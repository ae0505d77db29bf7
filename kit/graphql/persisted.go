package graphql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
)

// A document need not be sent with each request. One that is trusted was registered when the clients were built, and is
// asked for by its id (GraphQL over HTTP, appendix on persisted documents). Any other may be sent once with its hash, and
// by its hash alone from then on (the protocol of Apollo's automatic persisted queries); a process forgets it, and then
// the client sends it again.

// Documents are documents that are trusted. They never change.
type Documents struct {
	byID   map[string]string
	byHash map[string]string // SHA-256, lower-case hexadecimal
}

// ReadDocuments reads the manifest that a client's build wrote: an object of ids and documents, as graphql-codegen and
// Relay write it, or Apollo's with a list of operations that have an id and a body.
func ReadDocuments(text []byte) (*Documents, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("want an object of ids and documents: %w", err)
	}
	d := &Documents{byID: map[string]string{}, byHash: map[string]string{}}
	if operations, ok := members["operations"]; ok {
		var list []struct{ ID, Body string }
		if err := json.Unmarshal(operations, &list); err != nil {
			return nil, fmt.Errorf("operations: %w", err)
		}
		for i, o := range list {
			if err := d.add(o.ID, o.Body); err != nil {
				return nil, fmt.Errorf("operations: %d: %w", i, err)
			}
		}
		return d, nil
	}
	for _, id := range slices.Sorted(maps.Keys(members)) {
		var body string
		if err := json.Unmarshal(members[id], &body); err != nil {
			return nil, fmt.Errorf("%q: %w", id, err)
		}
		if err := d.add(id, body); err != nil {
			return nil, fmt.Errorf("%q: %w", id, err)
		}
	}
	return d, nil
}

func (d *Documents) add(id, body string) error {
	switch {
	case id == "" || body == "":
		return errors.New("a document needs an id and a body")
	case d.byID[id] != "" && d.byID[id] != body:
		return errors.New("two documents have this id")
	}
	d.byID[id], d.byHash[hash(body)] = body, body
	return nil
}

// Len is how many there are.
func (d *Documents) Len() int { return len(d.byID) }

// find is the document of an id, which may be its hash.
func (d *Documents) find(id string) (string, bool) {
	if d == nil {
		return "", false
	}
	if body, ok := d.byID[id]; ok {
		return body, true
	}
	body, ok := d.byHash[strings.ToLower(strings.TrimPrefix(id, "sha256:"))]
	return body, ok
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// checkDocuments tells the log of documents that the schema no longer allows. Whoever asks for one hears why.
func (d *Door) checkDocuments() {
	if d.options.Documents == nil || d.options.Notices == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(d.options.Documents.byID)) {
		if _, failures := d.document(d.options.Documents.byID[id]); failures != nil {
			d.options.Notices.WarnContext(context.Background(), "a trusted document does not fit the schema", slog.String("document", id), slog.String("error", failures[0].message))
		}
	}
}

// The codes of documents that are not sent. The first two are Apollo's, and so are their messages: clients look for these.
const (
	codeNotPersisted    = "PERSISTED_QUERY_NOT_FOUND"
	codeNeverPersisted  = "PERSISTED_QUERY_NOT_SUPPORTED"
	codeUnknownDocument = "UNKNOWN_DOCUMENT"
	codeUntrusted       = "UNTRUSTED_DOCUMENT"
)

// requested is the document that a request asks to run.
func (d *Door) requested(req request) (*document, []*failure) {
	text, f := d.text(req)
	if f != nil {
		return nil, []*failure{f}
	}
	document, failures := d.document(text)
	if failures == nil && req.hash != "" && !d.options.Only && len(text) <= maxKeptLength {
		d.persisted.Put(req.hash, text)
	}
	return document, failures
}

func (d *Door) text(req request) (string, *failure) {
	if req.document != "" {
		if text, ok := d.options.Documents.find(req.document); ok {
			return text, nil
		}
		return "", refusal(codeUnknownDocument, http.StatusNotFound, "There is no document of this documentId.")
	}
	if req.hash != "" && req.query != "" && hash(req.query) != req.hash {
		return "", badRequest(codeDocument, "The document is not that of its sha256Hash.", nil)
	}
	if d.options.Only || req.query == "" {
		sum := req.hash
		if sum == "" {
			sum = hash(req.query)
		}
		if text, ok := d.options.Documents.find(sum); ok {
			return text, nil
		}
	}
	switch {
	case d.options.Only && req.query != "":
		return "", refusal(codeUntrusted, http.StatusForbidden, "Only documents that were registered run here: ask for one by its documentId.")
	case d.options.Only:
		return "", refusal(codeNeverPersisted, http.StatusOK, "PersistedQueryNotSupported")
	case req.query != "":
		return req.query, nil
	}
	if text, ok := d.persisted.Get(req.hash); ok {
		return text, nil
	}
	return "", refusal(codeNotPersisted, http.StatusOK, "PersistedQueryNotFound")
}

func refusal(code string, status int, detail string) *failure {
	return &failure{message: detail, problem: &kit.Problem{Code: code, Status: status, Detail: detail}}
}

// readDocument reads which document is asked for: its text, its id, or the hash that was read before.
func (r *request) readDocument(object input.Object) error {
	var ok bool
	if text := object["query"]; text != nil {
		if r.query, ok = text.(string); !ok || r.query == "" {
			return malformed("The parameter query must be a string that holds a document.")
		}
	}
	if id := object["documentId"]; id != nil {
		if r.document, ok = id.(string); !ok || r.document == "" {
			return malformed("The parameter documentId must be a string.")
		}
	}
	switch {
	case r.document != "" && (r.query != "" || r.hash != ""):
		return malformed("A request has a query or a documentId, not both.")
	case r.query == "" && r.document == "" && r.hash == "":
		return malformed("The parameter query must be a string that holds a document.")
	}
	return nil
}

// readHash reads extensions.persistedQuery.
func (r *request) readHash(raw any) error {
	if raw == nil {
		return nil
	}
	object, ok := raw.(input.Object)
	if !ok {
		return malformed("persistedQuery must be an object.")
	}
	if version, ok := object["version"].(json.Number); !ok || version != "1" {
		return malformed("persistedQuery must have the version 1.")
	}
	text, ok := object["sha256Hash"].(string)
	text = strings.ToLower(text)
	if sum, err := hex.DecodeString(text); !ok || err != nil || len(sum) != sha256.Size {
		return malformed("sha256Hash must be 64 hexadecimal digits.")
	}
	r.hash = text
	return nil
}
