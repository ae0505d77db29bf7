package optimize

import (
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// SARIF writes the advice for code scanners (SARIF 2.1.0): an error is what was measured, a warning what the planner
// says, a note what a rule says.
func (r *Report) SARIF(w io.Writer) error {
	type object = map[string]any
	rules := []object{}
	known := map[Kind]bool{}
	results := []object{}
	for _, a := range r.Advice {
		if !known[a.Kind] {
			known[a.Kind] = true
			rules = append(rules, object{"id": string(a.Kind), "shortDescription": object{"text": kindText[a.Kind]}})
		}
		result := object{
			"ruleId": string(a.Kind), "level": sarifLevel(a),
			"message":             object{"text": strings.Join(append(append([]string{a.Change}, a.Why...), a.Confidence), "\n")},
			"partialFingerprints": object{"advice/v1": a.ID},
		}
		if file, line, is := place(a.Where); is {
			result["locations"] = []object{{"physicalLocation": object{"artifactLocation": object{"uri": (&url.URL{Path: file}).String()}, "region": object{"startLine": line}}}}
		} else {
			result["locations"] = []object{{"logicalLocations": []object{{"fullyQualifiedName": a.Title, "kind": "resource"}}}}
		}
		results = append(results, result)
	}
	notes := []object{}
	for _, note := range r.Notes {
		notes = append(notes, object{"level": "note", "message": object{"text": note}})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool": object{"driver": object{"name": "fettle optimize", "rules": rules}}, "results": results,
			"invocations": []object{{"executionSuccessful": r.Interrupted == "", "toolExecutionNotifications": notes}},
		}},
	})
}

var kindText = map[Kind]string{
	KindIndex: "An index makes a statement cheaper", KindRewrite: "A statement can be said better", KindStatistics: "Statistics mislead the planner",
	KindHygiene: "An index only costs", KindSetting: "A setting misleads the planner", KindHint: "Worth a look",
}

func sarifLevel(a *Advice) string {
	switch {
	case a.Kind == KindHint, a.Proof.Level == L0:
		return "note"
	case a.Proof.Level == L1:
		return "warning"
	}
	return "error"
}

// place reads "file.sql:12".
func place(where string) (file string, line int, is bool) {
	at := strings.LastIndexByte(where, ':')
	if at < 0 {
		return "", 0, false
	}
	line, err := strconv.Atoi(where[at+1:])
	return where[:at], line, err == nil
}
