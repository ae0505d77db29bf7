package openapi

import (
	"slices"
	"strconv"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// writes tells whether a client may write anything at the doors.
func writes(m *model.Model) bool {
	for _, e := range door.Entities(m) {
		if door.Exposed(e, model.Create) || door.Exposed(e, model.Update) || door.Exposed(e, model.Delete) {
			return true
		}
	}
	return false
}

// ofParts are the statuses of problems that a batch is answered with, since one of its parts has them.
func (d *document) ofParts() []string {
	statuses := []string{"400", "401", "403", "404", "409", "412", "422"}
	for _, e := range door.Entities(d.model) {
		if door.Exposed(e, model.Update) || door.Exposed(e, model.Delete) {
			statuses = append(statuses, "428")
		}
	}
	for _, op := range door.Operations(d.model) {
		for _, f := range op.Fails {
			statuses = append(statuses, strconv.Itoa(f.Status))
		}
	}
	slices.Sort(statuses)
	return slices.Compact(statuses)
}

// batch adds the route that runs several requests in one transaction.
func (d *document) batch() {
	request := object{
		{"type", "object"},
		{"properties", object{
			{"method", object{{"type", "string"}, {"enum", []string{"GET", "POST", "PUT", "PATCH", "DELETE"}}}},
			{"path", object{{"type", "string"}, {"pattern", "^" + version + "/"}}},
			{"body", object{{"description", "{\"$id\": n} in it stands for the id that request n was answered with."}, {"type", "object"}}},
			{"ifMatch", object{{"type", "string"}}},
		}},
		{"required", []string{"method", "path"}},
		{"additionalProperties", false},
	}
	response := object{
		{"type", "object"},
		{"properties", object{{"status", object{{"type", "integer"}}}, {"body", object{}}}},
		{"required", []string{"status"}},
	}
	requests := object{
		{"type", "object"},
		{"properties", object{{"requests", object{{"type", "array"}, {"minItems", 1}, {"maxItems", 50}, {"items", request}}}}},
		{"required", []string{"requests"}},
		{"additionalProperties", false},
	}
	responses := object{
		{"type", "object"},
		{"properties", object{{"responses", object{{"type", "array"}, {"items", response}}}}},
		{"required", []string{"responses"}},
	}
	d.tag("batch", "Several requests in one transaction.")
	done := ok("What each was answered with, in order.", responses)
	done.put("headers", object{{"Idempotency-Replayed", ref("headers", "Replayed")}})
	d.route(version+"/batch", "post", object{
		{"operationId", "batch"},
		{"summary", "Run several requests in one transaction"},
		{"description", "All of them happen, or none does."},
		{"tags", []string{"batch"}},
		{"parameters", []object{ref("parameters", "idempotencyKey")}},
		{"requestBody", body("application/json", requests)},
		{"responses", answers(object{{"200", done}}, d.ofParts()...)},
		{"security", []object{{{"bearer", []string{}}}, {}}},
	})
}
