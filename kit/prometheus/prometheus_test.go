package prometheus_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/prometheus"
	"github.com/fettlehq/fettle/kit/telemetry"
)

var _ telemetry.Metrics = (*prometheus.Metrics)(nil)

func TestWhatCallersInventIsBounded(t *testing.T) {
	m := prometheus.New()
	for i := range 3000 {
		m.Request(fmt.Sprint("operation", i), fmt.Sprint("METHOD", i), 200, time.Millisecond)
	}
	m.Statement("placeOrder", time.Millisecond, true)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text := answer.Body.String()
	if n := strings.Count(text, "http_server_request_duration_seconds_count"); n != 1001 {
		t.Errorf("%d series", n)
	}
	for _, want := range []string{`{method="other",operation="other",status="2xx"} 2000`, `db_statement_failures_total{operation="other"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
}
