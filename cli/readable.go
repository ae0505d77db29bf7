package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// readable prints log lines that are JSON objects as a person reads them, and other lines as they are.
//
//	{"time":"…","level":"WARN","msg":"slow","ms":812}  ─▶  12:04:05 warn  slow  ms=812
type readable struct {
	to     io.Writer
	colour bool

	mu   sync.Mutex
	rest []byte // of a line that is not complete
}

func (r *readable) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, text...)
	var out bytes.Buffer
	for {
		line, rest, found := bytes.Cut(r.rest, []byte("\n"))
		if !found {
			break
		}
		r.rest = rest
		out.WriteString(r.line(line))
		out.WriteByte('\n')
	}
	if out.Len() > 0 {
		if _, err := r.to.Write(out.Bytes()); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}

func (r *readable) line(line []byte) string {
	var head struct {
		Time  time.Time `json:"time"`
		Level string    `json:"level"`
		Msg   string    `json:"msg"`
	}
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &head) != nil || head.Msg == "" {
		return string(line)
	}
	text := fmt.Sprintf("%s %s %s", r.paint(dim, head.Time.Local().Format(time.TimeOnly)), r.level(head.Level), head.Msg)
	for _, field := range fields(line) {
		text += "  " + r.paint(dim, field.key+"=") + field.value
	}
	return text
}

func (r *readable) level(level string) string {
	colour := map[string]string{"ERROR": red, "WARN": yellow, "INFO": green}[level]
	return r.paint(colour, fmt.Sprintf("%-5s", strings.ToLower(level)))
}

func (r *readable) paint(colour, text string) string {
	if !r.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

type field struct{ key, value string }

// fields are what a log line says besides its time, level and message, in its order. A text of several lines, such as
// a stack, stands below.
func fields(line []byte) []field {
	decoder := json.NewDecoder(bytes.NewReader(line))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	var out []field
	for decoder.More() {
		key, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return out
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		} else if strings.Contains(text, "\n") {
			text = "\n    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
		} else if strings.ContainsAny(text, " \"=") {
			text = fmt.Sprintf("%q", text)
		}
		switch key {
		case "time", "level", "msg":
		default:
			out = append(out, field{fmt.Sprint(key), text})
		}
	}
	return out
}
