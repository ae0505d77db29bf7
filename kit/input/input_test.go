package input_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

func money() *meta.Field {
	return &meta.Field{Name: "price", Kind: meta.Value, Type: "Money", Fields: []*meta.Field{
		{Name: "amount", Kind: meta.Decimal},
		{Name: "currency", Kind: meta.Currency},
		{Name: "note", Kind: meta.String, Null: true},
		{Name: "rounds", Kind: meta.Boolean, Default: meta.Const(true)},
		{Name: "within", Kind: meta.Duration, Default: meta.Const(int64(1_500_000))},
	}}
}

func TestAllErrorsAreCollected(t *testing.T) {
	f := money()
	f.Repeated = true
	tree, err := input.Parse([]byte(`[{"amount":"1","currency":"EUR"}, {"amount":[],"currency":null,"curency":1}, null, 5]`))
	if err != nil {
		t.Fatal(err)
	}
	_, errs := input.Value(f, tree)
	var got []string
	for _, e := range errs {
		got = append(got, e.Field+" "+e.Code)
	}
	want := "price.1.amount WRONG_TYPE, price.1.currency REQUIRED, price.1.curency UNKNOWN_FIELD, price.2 REQUIRED, price.3 WRONG_TYPE"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
	if !strings.Contains(errs[2].Detail, `did you mean "currency"?`) {
		t.Error(errs[2].Detail)
	}
}

func TestDefaultsOfParts(t *testing.T) {
	value, errs := input.Value(money(), input.Object{"amount": "1.50", "currency": "EUR"})
	if got := string(input.AppendJSON(nil, money(), value)); errs != nil || got != `{"amount":"1.5","currency":"EUR","note":null,"rounds":true,"within":"1.5s"}` {
		t.Error(got, errs)
	}
}

// Exact numbers are texts of digits: a number of JSON may have been rounded before it was sent.
func TestExactNumbersAreTexts(t *testing.T) {
	for _, test := range []struct {
		kind meta.Kind
		text string
		want string // or the code of the error
	}{
		{meta.Int64, `"9007199254740993"`, `"9007199254740993"`},
		{meta.Int64, `"-9223372036854775808"`, `"-9223372036854775808"`},
		{meta.Int64, `"9223372036854775808"`, kit.FieldTooLarge},
		{meta.Int64, `9007199254740993`, kit.FieldType},
		{meta.Int64, `1`, kit.FieldType},
		{meta.Int64, `"1.0"`, kit.FieldFormat},
		{meta.Int64, `"1e3"`, kit.FieldFormat},
		{meta.Int64, `"+1"`, kit.FieldFormat},
		{meta.Int64, `"01"`, kit.FieldFormat},
		{meta.Int64, `" 1"`, kit.FieldFormat},
		{meta.Int64, `""`, kit.FieldFormat},
		{meta.Decimal, `"0.30000000000000004"`, `"0.30000000000000004"`},
		{meta.Decimal, `0.1`, kit.FieldType},
		{meta.Decimal, `12`, kit.FieldType},
		{meta.Decimal, `"1e3"`, kit.FieldFormat},
		{meta.Decimal, `"1."`, kit.FieldFormat},
		{meta.Decimal, `".5"`, kit.FieldFormat},
		{meta.Decimal, `"` + strings.Repeat("1", 65) + `"`, kit.FieldFormat},
		{meta.Int, `1e3`, `1000`},
		{meta.Int, `"1"`, kit.FieldType},
		{meta.Int, `2147483648`, kit.FieldTooLarge},
	} {
		tree, err := input.Parse([]byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		f := &meta.Field{Name: "x", Kind: test.kind}
		value, errs := input.Value(f, tree)
		got := ""
		if errs != nil {
			got = errs[0].Code
		} else {
			got = string(input.AppendJSON(nil, f, value))
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.text, got, test.want)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	elements := make([]any, 10_000)
	_, errs := input.Value(&meta.Field{Name: "x", Kind: meta.Int, Repeated: true}, elements)
	if len(errs) != 50 {
		t.Error(len(errs))
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":{"a":1}}`:                  "",
		` [ true , false , null , "\u00e9" ] `: "",
		`"\ud83d\ude00"`:                       "",
		"":                                     "Line 1, column 1 of the JSON: the text ends where a value is expected.",
		"{\n  \"a\":1,\n  \"a\":2}":            `Line 3, column 3 of the JSON: "a" stands twice in an object.`,
		`{"a":1}}`:                             "Line 1, column 8 of the JSON: a value ends here, and more follows.",
		`"\ud83d x"`:                           "Line 1, column 8 of the JSON: half of a surrogate pair stands alone.",
		"\"\xff\"":                             "Line 1, column 3 of the JSON: a string is not UTF-8.",
		`[1,]`:                                 `Line 1, column 4 of the JSON: a value is expected, not "]".`,
		`-`:                                    "Line 1, column 1 of the JSON: a number is malformed.",
		"\ufeff{}":                             `Line 1, column 1 of the JSON: a value is expected, not "\xef".`,
	} {
		_, err := input.Parse([]byte(text))
		got := ""
		if p, ok := err.(*kit.Problem); ok {
			got = p.Detail
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if _, err := input.Parse([]byte(strings.Repeat("[", 1_000_000))); err == nil {
		t.Error("a million brackets were read")
	}
}

// Whatever is read is what encoding/json reads, and what is written is read again as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"x\n\u0041",true,null]}`, `[[[]]]`, `"\ud83d\ude00"`, `{"a":{},"b":""}`, "\"\xff\"", `{"a":1,"a":2}`, `1e999`, ` 0 `} {
		f.Add([]byte(seed))
	}
	any := &meta.Field{Name: "x", Kind: meta.JSON}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, err := input.Parse(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is no JSON", text)
		}
		value, errs := input.Value(any, tree)
		if errs != nil {
			return
		}
		written := input.AppendJSON(nil, any, value)
		again, err := input.Parse(written)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, written, err)
		}
		value, _ = input.Value(any, again)
		if string(input.AppendJSON(nil, any, value)) != string(written) {
			t.Fatalf("%q is not stable", written)
		}
	})
}

// No text of a caller makes the decoder panic, whatever is expected.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{`"1e64"`, `"2024-02-29T12:30:00Z"`, `"30m"`, `12`, `"aGk="`, `{"amount":"1","currency":"EUR"}`, `["a"]`, `"Europe/Berlin"`, `"a@b.c"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, err := input.Parse(text)
		if err != nil {
			return
		}
		b := &meta.Backend{Enums: []*meta.Enum{{Name: "E", Values: []string{"A"}}}, Structs: []*meta.Struct{{Name: "S"}}}
		for kind := meta.ID; kind <= meta.Currency; kind++ {
			b.Structs[0].Fields = append(b.Structs[0].Fields, &meta.Field{Name: "f", Kind: kind, Null: true})
		}
		b.Structs[0].Fields = append(b.Structs[0].Fields, money())
		if err := meta.Resolve(b); err != nil {
			t.Fatal(err)
		}
		for _, field := range b.Structs[0].Fields {
			value, errs := input.Value(field, tree)
			if errs == nil && !json.Valid(input.AppendJSON(nil, field, value)) {
				t.Fatalf("kind %d: %q became %q", field.Kind, text, input.AppendJSON(nil, field, value))
			}
		}
	})
}

// A string that is written is read back as it was, wherever in it a character that needs care stands.
func TestStringsComeBack(t *testing.T) {
	for _, odd := range []string{"\x00", "\x1f", " ", "!", `"`, "#", "[", `\`, "]", "\x7f", "é", "\u2028", "😀", "\xff", "\xc3"} {
		for before := range 17 {
			text := strings.Repeat("x", before) + odd + strings.Repeat("y", 16-before) + odd
			var back string
			if err := json.Unmarshal(input.AppendString(nil, text), &back); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if want := string([]rune(text)); back != want {
				t.Errorf("%q came back as %q", want, back)
			}
		}
	}
}

// Numbers are written out as PostgreSQL shows them, whatever stands around them.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		`{"1e5":["2e2","\"3e3",4e2]}`:              `{"1e5":["2e2","\"3e3",400]}`,
		`[0.00e1,1.25e1,12.5e-3,-0.0]`:             `[0.0,12.5,0.0125,0.0]`,
		`4.9406564584124654e-324`:                  `0.` + strings.Repeat("0", 323) + `49406564584124654`,
		`18446744073709551616`:                     `18446744073709551616`,
		`1e309`:                                    kit.FieldTooLarge,
		`1e-350`:                                   kit.FieldTooLarge,
		`[` + strings.Repeat("1e308,", 220) + `1]`: kit.FieldTooLarge,
	} {
		growth := 0
		written, code, _ := input.Numbers(json.RawMessage(text), &growth)
		if got := string(written) + code; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
