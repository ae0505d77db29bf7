package openapi_test

import (
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/fettlehq/fettle/emit/emittest"
	"github.com/fettlehq/fettle/emit/openapi"
)

// The description of the shop is one that another implementation of OpenAPI accepts.
func TestValid(t *testing.T) {
	text := openapi.Emit(emittest.Shop())
	if dump := os.Getenv("DUMP"); dump != "" {
		os.WriteFile(dump, text, 0o644)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
