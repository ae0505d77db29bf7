package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/fettlehq/fettle/optimize"
)

// countedPath is where a service tells what it asked of its database.
const countedPath = "/metrics/statements"

// The bounds of what a service says.
const (
	serviceTimeout = 10 * time.Second
	mostServiceSay = 64 << 20 // bytes
	hour           = 3600     // seconds; a service that counts for less does not tell how often a day something runs
)

// isService reports whether a workload is a service that runs.
func isService(workload string) bool {
	u, err := url.Parse(workload)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// statementsOfService are what a service of ours, which runs, has asked of its database since it began, by the address where it tells its
// metrics.
func statementsOfService(ctx context.Context, address string) (statements []*optimize.Statement, notes []string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	if u.Path == "" || u.Path == "/" || u.Path == "/metrics" {
		u.Path = countedPath
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: %s: a service that fettle built tells its statements where it serves its metrics: METRICS_ADDR says where", u.Redacted(), response.Status)
	}
	var counted struct {
		Seconds    float64 `json:"seconds"`
		Statements []struct {
			Text         string  `json:"text"`
			Calls        float64 `json:"calls"`
			Milliseconds float64 `json:"milliseconds"`
		} `json:"statements"`
		Others int64 `json:"others"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, mostServiceSay)).Decode(&counted); err != nil {
		return nil, nil, fmt.Errorf("%s: it does not tell statements: %w", u.Redacted(), err)
	}
	for _, c := range counted.Statements {
		s := &optimize.Statement{Text: c.Text, Where: u.Host, Calls: c.Calls}
		if c.Calls > 0 {
			s.Mean = c.Milliseconds / c.Calls
		}
		if counted.Seconds >= hour {
			s.Day = c.Calls * 24 * hour / counted.Seconds
		}
		statements = append(statements, s)
	}
	notes = append(notes, fmt.Sprintf("%s counts since %s; what ran before it started, or in another copy of it, is not in there", u.Host, time.Duration(counted.Seconds*float64(time.Second)).Round(time.Second)))
	if counted.Others > 0 {
		notes = append(notes, fmt.Sprintf("%s: %d calls were of statements that it had no room to count", u.Host, counted.Others))
	}
	if len(statements) == 0 {
		return nil, nil, fmt.Errorf("%s: it has asked nothing of its database yet", u.Redacted())
	}
	return statements, notes, nil
}
