package golang_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/emit/emittest"
	"github.com/fettlehq/fettle/emit/golang"
)

func TestDump(t *testing.T) {
	dir := os.Getenv("DUMP")
	kitMod, _ := os.ReadFile("../../kit/go.mod")
	kitSum, _ := os.ReadFile("../../kit/go.sum")
	for _, f := range golang.Emit(emittest.Shop(), golang.Options{KitReplace: "/work/main/kit", KitMod: string(kitMod), KitSum: string(kitSum)}) {
		if dir != "" {
			p := filepath.Join(dir, f.Path)
			os.MkdirAll(filepath.Dir(p), 0o755)
			os.WriteFile(p, f.Content, 0o644)
		}
	}
}
