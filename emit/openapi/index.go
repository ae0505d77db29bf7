package openapi

// index is the path at which everything begins.
func (d *document) index() {
	paths := object{
		{"type", "object"},
		{"properties", object{
			{"description", object{{"type", "string"}}},
			{"documentation", object{{"type", "string"}}},
			{"paths", object{{"type", "array"}, {"items", object{{"type", "string"}}}}},
		}},
		{"required", []string{"description", "documentation", "paths"}},
		{"additionalProperties", false},
	}
	d.tag("index", "What there is.")
	found := ok("The paths, and where they are described.", paths)
	d.route(version, "get", object{
		{"operationId", "index"},
		{"summary", "List the paths"},
		{"description", "Those that need no name of a row."},
		{"tags", []string{"index"}},
		{"responses", answers(object{{"200", found}}, "422")},
		{"security", []object{{{"bearer", []string{}}}, {}}},
	})
}
