package recipe

// Given is what every service has without being asked for it, so that no recipe adds it.
type Given struct {
	Name, Title string
	How         string // to use it
	phrases     []string
}

// Unsaid are those, in the order in which users see them.
var Unsaid = []Given{
	{"aggregates", "counts, sums and means of the rows that fit, whole or in groups", "GET /v1/notes:aggregate, notesAggregate of GraphQL, tx.Notes.Aggregate", []string{"aggregate", "aggregates", "aggregation", "group by", "sums", "totals", "total per", "statistics", "dashboard"}},
	{"filters", "lists are filtered and ordered by any field that is shown", "GET /v1/notes?status=OPEN&order=-createdAt, notes(where:, order:)", []string{"filter", "filtering", "sort", "sorting"}},
	{"nested-writes", "rows that go with a row are written with it, all or nothing", "lines: {create: […], update: […], delete: […]}, where their reference says @onDelete(do: CASCADE)", []string{"nested write", "nested writes", "nested create"}},
	{"batches", "several requests in one transaction", "POST /v1/batch", []string{"batch", "batches", "bulk", "bulk create"}},
	{"idempotency", "a write that comes again with the same key is done once", "the header Idempotency-Key", []string{"idempotency", "idempotent", "idempotency key", "retries"}},
	{"grpc", "gRPC, gRPC-Web and Connect on the same port", "service.GRPC = grpc.Open in main.go", []string{"grpc", "connect rpc", "protobuf"}},
	{"delete-where", "business code deletes all rows that fit, under the rules of each", "tx.Notes.DeleteWhere", []string{"bulk delete", "delete all", "delete where"}},
	{"telemetry", "logs with trace ids, traces, measures and health", "/metrics, /healthz; OTEL_EXPORTER_OTLP_ENDPOINT sends traces", []string{"telemetry", "tracing", "traces", "metrics", "health check", "logging", "observability"}},
	{"openapi", "contracts and a playground", "api/openapi.json, /docs, /graphql", []string{"openapi", "swagger", "api documentation", "playground"}},
}
