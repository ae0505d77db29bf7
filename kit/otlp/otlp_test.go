package otlp_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fettlehq/fettle/kit/otlp"
	"github.com/fettlehq/fettle/kit/telemetry"
)

var _ telemetry.Exporter = otlp.Traces

func TestTracesReachTheCollector(t *testing.T) {
	got := make(chan []byte, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if plain, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(plain)
		}
		got <- append([]byte(r.URL.Path+" "), body...)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	provider, stop, err := otlp.Traces(t.Context(), "shop", "v1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := telemetry.NewTracer(provider).Incoming(t.Context(), http.Header{})
	_, _ = telemetry.Begin(ctx)
	span.SetName("placeOrder")
	span.End()
	if err := stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := <-got
	if !bytes.HasPrefix(sent, []byte("/v1/traces ")) || !bytes.Contains(sent, []byte("placeOrder")) || !bytes.Contains(sent, []byte("shop")) {
		t.Errorf("sent %q", sent)
	}
}

func TestNothingIsExportedUnasked(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	if provider, _, err := otlp.Traces(t.Context(), "shop", "v1"); provider != nil || err != nil {
		t.Errorf("%v %v", provider, err)
	}
}
