package diag

import (
	"encoding/json"
	"io"
	"slices"
)

// SARIF prints diagnostics as SARIF 2.1.0, for programs that show them beside the changed lines. Files are relative to the
// folder of the project. A problem of the whole project has no location.
func SARIF(w io.Writer, list List, version string) error {
	type object = map[string]any
	rules, results := []object{}, []object{}
	var known []Code
	for _, d := range list {
		i := slices.Index(known, d.Code)
		if i < 0 {
			i = len(known)
			known = append(known, d.Code)
			rules = append(rules, object{"id": d.Code, "help": object{"text": "fettle explain " + string(d.Code)}})
		}
		message := d.Message
		if d.Hint != "" {
			message += "\n\nHint: " + d.Hint
		}
		result := object{"ruleId": d.Code, "ruleIndex": i, "level": "error", "message": object{"text": message}}
		if d.Pos.File != "" {
			result["locations"] = []object{{"physicalLocation": object{
				"artifactLocation": object{"uri": d.Pos.File, "uriBaseId": "ROOT"},
				"region":           object{"startLine": max(d.Pos.Line, 1), "startColumn": max(d.Pos.Column, 1)},
			}}}
		}
		results = append(results, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool":               object{"driver": object{"name": "fettle", "version": version, "rules": rules}},
			"columnKind":         "unicodeCodePoints",
			"originalUriBaseIds": object{"ROOT": object{"description": object{"text": "the folder of the project"}}},
			"results":            results,
		}},
	})
}
