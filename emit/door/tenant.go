package door

import (
	"fmt"

	"github.com/fettlehq/fettle/model"
)

// TenantHeader is the header that names the tenant of a request; see kit/internal/tenant.
const TenantHeader = "Tenant"

// TenantPath is where the doors stand in a tenant.
func TenantPath(t *model.Tenant) string { return "/" + t.Entity.Path + "/{" + t.Entity.Singular + "}" }

// Tenancy is what the contracts say of tenants, empty where there are none.
func Tenancy(m *model.Model) string {
	t := m.Tenant
	if t == nil {
		return ""
	}
	how := map[model.TenantBy]string{
		model.ByPath:      fmt.Sprintf("by %s before the path", TenantPath(t)),
		model.ByHeader:    "by the header " + TenantHeader,
		model.BySubdomain: "by the first part of the host",
	}[t.By]
	key := "id"
	if t.Entity.Key.Name != "id" {
		key = t.Entity.Key.Name + " or id"
	}
	return fmt.Sprintf("A request names a %s %s, with its %s. Then there is nothing but what belongs to that one and what belongs to none; "+
		"one that is missing or hidden is NOT_FOUND. Where none is named, what belongs to several is seen at once, and a key that several have finds nothing.",
		t.Entity.Singular, how, key)
}
