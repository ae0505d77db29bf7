package optimize

import "testing"

// A speed-up is told from a machine that was busy for a while: by the pages that are touched, or by the shortest times.
func TestFasterByMoreThanChance(t *testing.T) {
	busy, idle := []float64{1.05, 1.9, 1.8, 2.4, 1.7}, []float64{1, 1.1, 1.1, 1, 1.2}
	for name, c := range map[string]struct {
		before, after           []float64
		pagesBefore, pagesAfter float64
		want                    bool
	}{
		"busy while the first ran":                {busy, idle, 40, 40, false},
		"a page less explains nothing":            {busy, idle, 40, 39, false},
		"as many pages less":                      {busy, idle, 40, 4, true},
		"a sort less":                             {[]float64{3.1, 3, 3.3, 3, 3.4}, []float64{1, 1.1, 6, 1, 1.2}, 40, 40, true},
		"a sort less, one page more":              {[]float64{3.1, 3, 3.3, 3, 3.4}, idle, 40, 41, true},
		"by chance in three turns of five":        {[]float64{1, 1, 9, 9, 9}, []float64{2, 2, 2, 2, 2}, 40, 4, false},
		"fewer pages in no less time":             {idle, []float64{0.9, 1, 1, 0.9, 1}, 40, 4, false},
		"so short that it is the clock that errs": {[]float64{0.05, 0.06, 0.05}, []float64{0.01, 0.01, 0.01}, 40, 4, false},
	} {
		of := func(times []float64, pages float64) Measured {
			return Measured{Times: times, Plan: &Plan{Root: &Node{Buffers: pages}}}
		}
		if got := faster(of(c.before, c.pagesBefore), of(c.after, c.pagesAfter)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
