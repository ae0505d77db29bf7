package kittest

import (
	"context"
	"net/http"

	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
)

// Tenants is next for requests that name a tenant by their path or header, as package server has it. Tenant tells which.
func Tenants(b *meta.Backend, next http.Handler) http.Handler { return tenant.Handler(b, nil, next) }

// Tenant is the key or id of the tenant that the request of ctx names, empty for none. Its error is a *kit.Problem.
func Tenant(ctx context.Context) (string, error) { return tenant.Named(ctx) }
