package loop

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fettlehq/fettle/agent/tool"
)

// answers are what a model answers, one after another, over no network: time is that of a bubble.
type answers struct {
	status []int
	after  []string // Retry-After; empty without
	body   string   // of the answers with 200
	asked  []time.Duration
	begin  time.Time
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	n := min(len(a.asked), len(a.status)-1)
	a.asked = append(a.asked, time.Since(a.begin))
	out := &http.Response{StatusCode: a.status[n], Status: http.StatusText(a.status[n]), Header: http.Header{}, Body: io.NopCloser(strings.NewReader("busy"))}
	if a.status[n] == http.StatusOK {
		out.Body = io.NopCloser(strings.NewReader(a.body))
	}
	if a.after[n] != "" {
		out.Header.Set("Retry-After", a.after[n])
	}
	return out, nil
}

// A model that is busy is asked again when it says, or after a wait that grows; as often as is sensible, and within the time that a run has.
func TestBusy(t *testing.T) {
	const done = `{"choices":[{"message":{"content":"Done."}}]}`
	second := func(n ...int) (at []time.Duration) {
		for _, one := range n {
			at = append(at, time.Duration(one)*time.Second)
		}
		return at
	}
	for name, c := range map[string]struct {
		status []int
		after  []string
		asked  []time.Duration
		want   string // in the error; empty where it is answered
	}{
		"says when, in seconds":     {[]int{429, 200}, []string{"90", ""}, second(0, 90), ""},
		"says when, as a date":      {[]int{503, 200}, []string{"Sat, 01 Jan 2000 00:00:30 GMT", ""}, second(0, 30), ""},
		"says a date that has gone": {[]int{503, 200}, []string{"Fri, 31 Dec 1999 00:00:00 GMT", ""}, second(0, 1), ""},
		"does not say":              {[]int{529, 500, 529, 200}, []string{"", "soon", "-1", ""}, second(0, 2, 6, 14), ""},
		"for good":                  {[]int{529}, []string{""}, second(0, 2, 6, 14, 30, 62), "busy"},
		"until after the end":       {[]int{429}, []string{"1201"}, second(0), "less time is left"},
		"refuses":                   {[]int{400}, []string{"1"}, second(0), "busy"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{status: c.status, after: c.after, body: done, begin: time.Now()}
				client.Transport = a
				defer func() { client.Transport = nil }()
				var told []string
				ended, err := Run(t.Context(), &tool.Project{Dir: t.TempDir()}, Options{URL: "http://localhost/v1", Tell: func(line string) { told = append(told, line) }}, "x")
				if c.want == "" && (err != nil || ended.Words != "Done.") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Error(ended, err)
				}
				if len(a.asked) != len(c.asked) {
					t.Fatal(a.asked)
				}
				for i, at := range c.asked {
					if a.asked[i] != at {
						t.Errorf("asked at %v, want %v", a.asked, c.asked)
					}
				}
				if len(told) != len(c.asked) { // the beginning, and each wait
					t.Error(told)
				}
			})
		})
	}
}
