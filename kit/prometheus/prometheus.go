// Package prometheus measures a service for Prometheus.
//
//	main: service.Metrics = prometheus.New() ─▶ telemetry.Metrics ─▶ GET /metrics
//
// It is Prometheus' own client: OpenTelemetry's metrics with their Prometheus exporter stand on the same client and add
// another 1.2 MB. It is a package of its own because of what it costs: in examples/shop 2.5 MB of 25.6 and a fifth of the
// linker's time.
package prometheus

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is a telemetry.Metrics. Registry takes the team's own collectors.
type Metrics struct {
	Registry *prometheus.Registry

	requests   *prometheus.HistogramVec
	statements *prometheus.HistogramVec
	failures   *prometheus.CounterVec

	mu         sync.RWMutex
	operations map[string]*operation
}

// maxOperations bounds the distinct operations that are measured apart; those after them have one name.
const (
	maxOperations = 1000
	others        = "other"
)

var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// New measures requests, statements, the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		Registry:   prometheus.NewRegistry(),
		operations: map[string]*operation{others: {name: others}},
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds", Help: "Time to answer a request.", Buckets: buckets,
		}, []string{"operation", "method", "status"}),
		statements: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "db_statement_duration_seconds", Help: "Time to run a statement and read its rows.", Buckets: buckets,
		}, []string{"operation"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "db_statement_failures_total", Help: "Statements that the database refused.",
		}, []string{"operation"}),
	}
	m.Registry.MustRegister(m.requests, m.statements, m.failures,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request measures a request by its operation and class of status, "2xx".
func (m *Metrics) Request(operation, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(m.bounded(operation).name, knownMethod(method), strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// Statement measures a statement of the database.
func (m *Metrics) Statement(operation string, took time.Duration, failed bool) {
	o := m.bounded(operation)
	o.once.Do(func() { o.statements = m.statements.WithLabelValues(o.name) })
	o.statements.Observe(took.Seconds())
	if failed {
		m.failures.WithLabelValues(o.name).Inc()
	}
}

// Handler serves the registry in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{})
}

// operation is one that is measured apart, or all the others.
type operation struct {
	name       string
	once       sync.Once
	statements prometheus.Observer // made when there is the first
}

func (m *Metrics) bounded(name string) *operation {
	m.mu.RLock()
	known := m.operations[name]
	m.mu.RUnlock()
	if known != nil {
		return known
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.operations[name] != nil:
	case len(m.operations) > maxOperations: // the others are among them
		name = others
	default:
		m.operations[name] = &operation{name: name}
	}
	return m.operations[name]
}

// knownMethod keeps a caller from making a metric of each method that it invents.
func knownMethod(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}
