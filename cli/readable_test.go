package cli

import (
	"bytes"
	"io"
	"testing"
	"time"
)

func TestReadable(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	defer func() { time.Local = local }()
	var out bytes.Buffer
	r := &readable{to: &out}
	io.WriteString(r, `{"time":"2026-11-22T12:04:05Z","level":"WARN","msg":"slow","ms":812,"sql":"SELECT 1","by":{"id":7}}`+"\nplain te")
	io.WriteString(r, "xt\n"+`{"not":"a log line"}`+"\n")
	io.WriteString(r, `{"time":"2026-11-22T12:04:05Z","level":"ERROR","msg":"panic","stack":"main.go:1\nmain.go:2\n"}`+"\n")
	want := `12:04:05 warn  slow  ms=812  sql="SELECT 1"  by={"id":7}
plain text
{"not":"a log line"}
12:04:05 error panic  stack=
    main.go:1
    main.go:2
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
