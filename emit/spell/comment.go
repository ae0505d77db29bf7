package spell

import "strings"

// Comment is text broken into lines of at most width bytes, where words allow it; paragraphs have an empty line between.
func Comment(text string, width int) []string {
	var out []string
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			out = append(out, "")
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				out = append(out, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return out
}

// Described is the comment of a type: its name, then what the design says, or what it is.
func Described(name, doc, what string) string {
	doc = strings.TrimSpace(doc)
	if doc == "" {
		return name + " is " + what + "."
	}
	first, rest, _ := strings.Cut(doc, " ")
	switch first {
	case "A", "An", "The", "What", "Who", "How", "Where", "Whether", "One":
		return name + " is " + strings.ToLower(first) + " " + rest
	case name:
		return doc
	}
	return name + " is " + what + ".\n\n" + doc
}
