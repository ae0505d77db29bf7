package query_test

import (
	"encoding/json"
	"strings"
)

// What a number of JSON comes to is bounded: PostgreSQL writes it out, and clients read it as a float of 64 bits.
func testJSONNumbers(w *world) {
	for data, want := range map[string]string{
		`1e300`:                    `1` + strings.Repeat("0", 300),
		`{"a": [-1.50E+1, "1e5"]}`: `{"a": [-15.0, "1e5"]}`,
		`25e-3`:                    `0.025`,
		`-0e0`:                     `0`,
	} {
		id, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "ok")
		if got := w.row(w.ann, "Note", id)["data"]; string(got.(json.RawMessage)) != want {
			w.Errorf("%s is kept as %s, want %s", data, got, want)
		}
	}
	for _, data := range []string{
		`1e999`, `-1e309`, `1e-200000`, `1e2147483647`, `0e99999999999999999999`, `{"a":1e131073}`, strings.Repeat("7", 10_000), `0.` + strings.Repeat("0", 20_000) + `1`,
		`[` + strings.Repeat("1e300,", 800) + `1]`,
	} {
		_, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "INVALID data:TOO_LARGE")
	}
}
