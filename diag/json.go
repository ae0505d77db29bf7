package diag

import (
	"encoding/json"
	"io"
)

// JSON prints diagnostics for programs, as {"problems": […]}, an empty list when there are none.
// A problem of the whole project has an empty file, and line and column 0. "edit" is there when the hint can be
// applied mechanically: it replaces length characters from line and column on by text.
func JSON(w io.Writer, list List) error {
	out := report{Problems: []problem{}}
	for _, d := range list {
		p := problem{d.Code, "error", d.Message, d.Pos.File, d.Pos.Line, d.Pos.Column, d.Hint, nil}
		if e := d.Edit; e != nil {
			p.Edit = &change{e.Pos.File, e.Pos.Line, e.Pos.Column, e.Length, e.Text}
		}
		out.Problems = append(out.Problems, p)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}

type report struct {
	Problems []problem `json:"problems"`
}

type problem struct {
	Code     Code    `json:"code"`
	Severity string  `json:"severity"`
	Message  string  `json:"message"`
	File     string  `json:"file"`
	Line     int     `json:"line"`
	Column   int     `json:"column"`
	Hint     string  `json:"hint"`
	Edit     *change `json:"edit,omitempty"`
}

type change struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Length int    `json:"length"`
	Text   string `json:"text"`
}
