package report

import (
	"io"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

// SARIF prints findings as SARIF 2.1.0, with the chain of evidence as a code flow.
func SARIF(w io.Writer, findings []rule.Finding, rules []*rule.Rule, version string) error {
	type object = map[string]any
	descriptors, index := []object{}, map[string]int{}
	for i, r := range rules {
		index[r.Name] = i
		tags := []string{}
		for _, tag := range []string{r.CWE, r.OWASP} {
			if tag != "" {
				tags = append(tags, tag)
			}
		}
		descriptors = append(descriptors, object{
			"id": r.Name, "shortDescription": object{"text": r.Title()}, "help": object{"text": r.Document, "markdown": r.Document},
			"defaultConfiguration": object{"level": level(r.Severity)}, "properties": object{"tags": tags},
		})
	}
	results := []object{}
	for _, f := range findings {
		message := f.Message
		if f.Fix != "" {
			message += "\n\nFix: " + f.Fix
		}
		result := object{
			"ruleId": f.Rule, "ruleIndex": index[f.Rule], "level": level(f.Severity), "message": object{"text": message},
			"locations":  []object{location(f.Pos, "")},
			"properties": object{"severity": f.Severity, "confidence": f.Confidence},
		}
		flow := []object{}
		for _, e := range f.Evidence {
			if e.Pos.File != "" {
				flow = append(flow, object{"location": location(e.Pos, e.What)})
			}
		}
		if len(flow) > 0 {
			result["codeFlows"] = []object{{"threadFlows": []object{{"locations": flow}}}}
		}
		if len(f.Edits) > 0 {
			result["fixes"] = []object{{"description": object{"text": f.Fix}, "artifactChanges": artifactChanges(f.Edits)}}
		}
		results = append(results, result)
	}
	return encode(w, object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool":               object{"driver": object{"name": "fettle", "version": version, "rules": descriptors}},
			"columnKind":         "unicodeCodePoints",
			"originalUriBaseIds": object{"ROOT": object{"description": object{"text": "the reviewed folder"}}},
			"results":            results,
		}},
	})
}

// artifactChanges are edits by their files, as SARIF 2.1.0 §3.56 says them.
func artifactChanges(edits []facts.Edit) []map[string]any {
	var out []map[string]any
	replacements := map[string][]map[string]any{}
	for _, e := range edits {
		if replacements[e.File] == nil {
			out = append(out, map[string]any{"artifactLocation": map[string]any{"uri": e.File, "uriBaseId": "ROOT"}})
		}
		replacements[e.File] = append(replacements[e.File], map[string]any{
			"deletedRegion":   map[string]any{"startLine": e.Start.Line, "startColumn": e.Start.Column, "endLine": e.End.Line, "endColumn": e.End.Column},
			"insertedContent": map[string]any{"text": e.New},
		})
	}
	for i, e := range out {
		e["replacements"] = replacements[e["artifactLocation"].(map[string]any)["uri"].(string)]
		out[i] = e
	}
	return out
}

func level(s rule.Severity) string {
	switch {
	case s.AtLeast(rule.High):
		return "error"
	case s == rule.Medium:
		return "warning"
	default:
		return "note"
	}
}

func location(pos facts.Pos, message string) map[string]any {
	out := map[string]any{"physicalLocation": map[string]any{
		"artifactLocation": map[string]any{"uri": pos.File, "uriBaseId": "ROOT"},
		"region":           map[string]any{"startLine": max(pos.Line, 1), "startColumn": max(pos.Column, 1)},
	}}
	if message != "" {
		out["message"] = map[string]any{"text": message}
	}
	return out
}
