package golang

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/model"
)

// The methods that are missing are found in files that do not build yet, whatever the receiver is called.
func TestMissing(t *testing.T) {
	m := &model.Module{Name: "orders"}
	for _, name := range []string{"placeOrder", "cancelOrder", "shipOrder"} {
		m.Operations = append(m.Operations, &model.Operation{Name: name, Module: m, Result: &model.Field{Kind: model.Boolean}})
	}
	dir := t.TempDir()
	files := map[string]string{
		"orders.go":        "package orders\n\nfunc (x *Shop) PlaceOrder( { return nope }\n\nfunc (x *Shop) CancelOrder() {}\n",
		"more.go":          "package orders\n\nfunc ShipOrder() {}\n",
		"orders_test.go":   "package orders\n\nfunc (f fake) ShipOrder() {}\n",
		"module.gen.go":    "package orders\n\nfunc (f fake) ShipOrder() {}\n",
		"unrelated/foo.go": "package unrelated\n\nfunc (f fake) ShipOrder() {}\n",
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	missing, err := Missing(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 1 || missing[0].Name != "shipOrder" {
		t.Errorf("got %v, want shipOrder alone", missing)
	}
	const stub = "func (b *Business) ShipOrder(ctx context.Context, tx Tx) (bool, error) {\n\treturn false, errors.New(\"shipOrder is not written yet\")\n}\n"
	if got := missing[0].Stub; got != stub {
		t.Errorf("got %s", got)
	}
}
