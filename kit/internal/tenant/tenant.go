// Package tenant reads from a request in which tenant it asks.
//
//	HTTP ─▶ Handler (path, header or subdomain) ─▶ doors, hand-written handlers ─▶ Named ─▶ kit.Viewer.Tenant ─▶ query
//
// It knows no tenant: whether there is one of that name, and who may see it, is decided by package query.
package tenant

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Header is the header in which a request names its tenant, where the design says HEADER.
const Header = "Tenant"

// choice is what a request says.
type choice struct {
	name   string // a key or id, empty for none
	prefix string // of its path
	err    error
}

type choiceKey struct{}

// Named is the key or id of the tenant that the request of ctx names, empty for none. Its error is a *kit.Problem.
func Named(ctx context.Context) (string, error) {
	c, _ := ctx.Value(choiceKey{}).(choice)
	return c.name, c.err
}

// Prefix is what stands before the paths of the doors in the request of ctx: "/workspaces/acme", or nothing.
func Prefix(ctx context.Context) string {
	c, _ := ctx.Value(choiceKey{}).(choice)
	return c.prefix
}

// Handler is next with the tenant of each request in its context, for a backend that has tenants. Of a path it takes the part
// that names the tenant away, so that what stands at "/v1/issues" stands at "/workspaces/acme/v1/issues" too. Hosts are those
// of which tenants are subdomains.
func Handler(b *meta.Backend, hosts []string, next http.Handler) http.Handler {
	if b.Tenant == nil {
		return next
	}
	read := map[meta.TenantBy]func(*http.Request) (choice, *http.Request){
		meta.ByPath:      func(r *http.Request) (choice, *http.Request) { return byPath(r, b.Entity(b.Tenant.Entity).Path) },
		meta.ByHeader:    byHeader,
		meta.BySubdomain: func(r *http.Request) (choice, *http.Request) { return bySubdomain(r, hosts), r },
	}[b.Tenant.By]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.Tenant.By == meta.ByHeader {
			w.Header().Add("Vary", Header)
		}
		c, r := read(r)
		if c != (choice{}) {
			r = r.WithContext(context.WithValue(r.Context(), choiceKey{}, c))
		}
		next.ServeHTTP(w, r)
	})
}

// byPath reads "/workspaces/acme/v1/issues". What has nothing behind the tenant's name is no door in a tenant.
func byPath(r *http.Request, segment string) (choice, *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/"+segment+"/")
	escaped, rest, deeper := strings.Cut(rest, "/")
	if !ok || !deeper || escaped == "" {
		return choice{}, r
	}
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return choice{}, r
	}
	inner := *r.URL
	if inner.Path, err = url.PathUnescape("/" + rest); err != nil {
		return choice{}, r
	}
	inner.RawPath = "/" + rest
	moved := r.Clone(r.Context())
	moved.URL = &inner
	return choice{name: name, prefix: "/" + segment + "/" + escaped}, moved
}

// ByMetadata is r with the tenant that its header names where nothing else does: of gRPC a client chooses neither path nor
// host.
func ByMetadata(b *meta.Backend, r *http.Request) *http.Request {
	if b.Tenant == nil || b.Tenant.By == meta.ByHeader || len(r.Header.Values(Header)) == 0 {
		return r
	}
	if c, _ := r.Context().Value(choiceKey{}).(choice); c != (choice{}) {
		return r
	}
	c, r := byHeader(r)
	return r.WithContext(context.WithValue(r.Context(), choiceKey{}, c))
}

// byHeader reads "Tenant: acme". One that says nothing, or two things, is a mistake and not the wish to see all.
func byHeader(r *http.Request) (choice, *http.Request) {
	names := r.Header.Values(Header)
	switch {
	case len(names) == 0:
		return choice{}, r
	case len(names) > 1 || strings.TrimSpace(names[0]) == "":
		return choice{err: &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: "The header " + Header + " stands once and names one."}}, r
	}
	return choice{name: strings.TrimSpace(names[0])}, r
}

// bySubdomain reads "acme.example.com". At another host than those that are known, such as an address, none is named.
func bySubdomain(r *http.Request, hosts []string) choice {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, base := range hosts {
		if name, ok := strings.CutSuffix(host, "."+base); ok {
			return choice{name: name}
		}
	}
	return choice{}
}
