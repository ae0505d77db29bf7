package tenant_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
)

// Each request names what is written behind it: the tenant, the path that the doors see, and what stands before that.
func TestNamed(t *testing.T) {
	for _, c := range []struct {
		by             meta.TenantBy
		url            string
		headers        []string
		name, path, at string
		wrong          bool
	}{
		{by: meta.ByPath, url: "/workspaces/acme/v1/issues", name: "acme", path: "/v1/issues", at: "/workspaces/acme"},
		{by: meta.ByPath, url: "/workspaces/a%2Fb/v1/x%2Fy", name: "a/b", path: "/v1/x%2Fy", at: "/workspaces/a%2Fb"},
		{by: meta.ByPath, url: "/workspaces/acme/", name: "acme", path: "/", at: "/workspaces/acme"},
		{by: meta.ByPath, url: "/workspaces/acme/workspaces/two/v1/x", name: "acme", path: "/workspaces/two/v1/x", at: "/workspaces/acme"},
		{by: meta.ByPath, url: "/workspaces/acme", path: "/workspaces/acme"},
		{by: meta.ByPath, url: "/workspaces//v1/issues", path: "/workspaces//v1/issues"},
		{by: meta.ByPath, url: "/v1/workspaces/acme/history", path: "/v1/workspaces/acme/history"},
		{by: meta.ByPath, url: "/v1/issues", headers: []string{"acme"}, path: "/v1/issues"},
		{by: meta.ByHeader, url: "/v1/issues", path: "/v1/issues"},
		{by: meta.ByHeader, url: "/v1/issues", headers: []string{" acme "}, name: "acme", path: "/v1/issues"},
		{by: meta.ByHeader, url: "/v1/issues", headers: []string{""}, path: "/v1/issues", wrong: true},
		{by: meta.ByHeader, url: "/v1/issues", headers: []string{"one", "two"}, path: "/v1/issues", wrong: true},
		{by: meta.ByHeader, url: "/workspaces/acme/v1/issues", path: "/workspaces/acme/v1/issues"},
		{by: meta.BySubdomain, url: "http://Acme.Example.com:8080/v1/issues", name: "acme", path: "/v1/issues"},
		{by: meta.BySubdomain, url: "http://example.com/v1/issues", path: "/v1/issues"},
		{by: meta.BySubdomain, url: "http://badexample.com/v1/issues", path: "/v1/issues"},
		{by: meta.BySubdomain, url: "http://a.b.example.com/v1/issues", name: "a.b", path: "/v1/issues"},
		{by: meta.BySubdomain, url: "http://127.0.0.1/v1/issues", path: "/v1/issues"},
	} {
		b := &meta.Backend{
			Tenant:   &meta.Tenant{Entity: "Workspace", By: c.by},
			Entities: []*meta.Entity{{Name: "Workspace", Path: "workspaces", Key: "id", TenantColumn: "id", Fields: []*meta.Field{{Name: "id"}}}},
		}
		if err := meta.Resolve(b); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, c.url, nil)
		for _, h := range c.headers {
			r.Header.Add(tenant.Header, h)
		}
		called := false
		tenant.Handler(b, []string{"example.com"}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			called = true
			name, err := tenant.Named(r.Context())
			if at := tenant.Prefix(r.Context()); name != c.name || (err != nil) != c.wrong || r.URL.EscapedPath() != c.path || at != c.at {
				t.Errorf("%s %q: %q (%v), path %s at %q", c.url, c.headers, name, err, r.URL.EscapedPath(), at)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
		if !called {
			t.Errorf("%s: not called", c.url)
		}
	}
}

// Over gRPC a header names the tenant, where neither path nor host did.
func TestByMetadata(t *testing.T) {
	for _, c := range []struct {
		by      meta.TenantBy
		url     string
		headers []string
		name    string
		wrong   bool
	}{
		{by: meta.ByPath, url: "/doors.v1.X/Get", headers: []string{"acme"}, name: "acme"},
		{by: meta.ByPath, url: "/workspaces/two/doors.v1.X/Get", headers: []string{"acme"}, name: "two"},
		{by: meta.ByPath, url: "/doors.v1.X/Get"},
		{by: meta.ByPath, url: "/doors.v1.X/Get", headers: []string{"a", "b"}, wrong: true},
		{by: meta.BySubdomain, url: "http://example.com/doors.v1.X/Get", headers: []string{"acme"}, name: "acme"},
		{by: meta.BySubdomain, url: "http://two.example.com/doors.v1.X/Get", headers: []string{"acme"}, name: "two"},
		{by: meta.ByHeader, url: "/doors.v1.X/Get", headers: []string{"acme"}, name: "acme"},
	} {
		b := &meta.Backend{
			Tenant:   &meta.Tenant{Entity: "Workspace", By: c.by},
			Entities: []*meta.Entity{{Name: "Workspace", Path: "workspaces", Key: "id", TenantColumn: "id", Fields: []*meta.Field{{Name: "id"}}}},
		}
		if err := meta.Resolve(b); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, c.url, nil)
		for _, h := range c.headers {
			r.Header.Add(tenant.Header, h)
		}
		tenant.Handler(b, []string{"example.com"}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			name, err := tenant.Named(tenant.ByMetadata(b, r).Context())
			if name != c.name || (err != nil) != c.wrong {
				t.Errorf("%s %q: %q (%v)", c.url, c.headers, name, err)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}
