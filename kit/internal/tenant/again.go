package tenant

import (
	"context"
	"net/http"

	"github.com/fettlehq/fettle/kit/meta"
)

// Again is r in the tenant that its header names, for a backend whose requests name it there: for a header that became known
// after the request had begun, as over a WebSocket.
func Again(b *meta.Backend, r *http.Request) *http.Request {
	if b.Tenant == nil || b.Tenant.By != meta.ByHeader {
		return r
	}
	c, r := byHeader(r)
	return r.WithContext(context.WithValue(r.Context(), choiceKey{}, c))
}
