package server

import (
	"runtime"
	"testing"
)

// The collector has room to wait, unless whoever runs the service has set it.
func TestHeadroom(t *testing.T) {
	for _, test := range []struct {
		variable string
		want     bool
	}{
		{"", true},
		{"GOGC", false},
		{"GOMEMLIMIT", false},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		release := keepHeadroom(func(name string) string {
			if name == test.variable {
				return "100"
			}
			return ""
		})
		runtime.GC()
		runtime.ReadMemStats(&after)
		release()
		if grew := after.NextGC > before.NextGC+headroom; grew != test.want {
			t.Errorf("with %q set, the collector's goal went from %d to %d bytes", test.variable, before.NextGC, after.NextGC)
		}
	}
}
