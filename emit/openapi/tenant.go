package openapi

import (
	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// servers are where the paths stand: at the host itself, and in a tenant.
func (d *document) servers() []object {
	here := object{{"url", "/"}, {"description", "The server that gave this description, local or in production."}, {"x-internal", false}}
	t := d.model.Tenant
	if t == nil || t.By == model.ByHeader {
		return []object{here}
	}
	name := t.Entity.Singular
	variables := object{{name, object{{"default", name}, {"description", "Its " + t.Entity.Key.Name + ", or its id."}}}}
	url := door.TenantPath(t)
	if t.By == model.BySubdomain {
		url = "https://{" + name + "}.{host}"
		variables.put("host", object{{"default", "example.com"}})
	}
	inside := object{{"url", url}, {"description", "The same in one " + name + "."}, {"variables", variables}, {"x-internal", false}}
	return []object{here, inside}
}
