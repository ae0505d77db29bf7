package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// print writes what was measured as Markdown: how the contenders compare, then a table for each workload.
func (b *bench) print(to io.Writer) {
	fmt.Fprintf(to, "%d rounds of %v, %d connections, %d articles.\n\n", b.options.rounds, b.time, b.connections, b.data.articles)
	for _, r := range b.running {
		fmt.Fprintf(to, "- **%s**: %s.\n", r.name, r.what)
	}
	b.printSummary(to)
	for _, w := range b.workloads {
		b.printWorkload(to, w)
	}
}

// printSummary compares the CPU time of a request, of server and database together.
func (b *bench) printSummary(to io.Writer) {
	fmt.Fprintf(to, "\nCPU of a request as a multiple of %s's, median (least..most):\n\n| |", b.running[0].name)
	for _, w := range b.workloads {
		fmt.Fprintf(to, " %s |", w)
	}
	fmt.Fprint(to, "\n|---|")
	for range b.workloads {
		fmt.Fprint(to, "---|")
	}
	for _, r := range b.running {
		fmt.Fprintf(to, "\n| %s |", r.name)
		for _, w := range b.workloads {
			if turns := b.measured[w][r.name]; turns != nil {
				all := b.ratios(w, turns)
				fmt.Fprintf(to, " %.2f (%.2f..%.2f) |", median(all), slices.Min(all), slices.Max(all))
			} else {
				fmt.Fprint(to, " |")
			}
		}
	}
	fmt.Fprintln(to)
}

func (b *bench) printWorkload(to io.Writer, w workload) {
	fmt.Fprintf(to, "\n%s: %s\n\n", w, w.title())
	fmt.Fprintln(to, "| | server µs | database µs | req/s | p50 ms | p99 ms | MiB | statements |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|---|")
	for _, r := range b.running {
		turns := b.measured[w][r.name]
		if turns == nil {
			continue
		}
		middle := func(of func(measurement) float64) float64 { return medianOf(turns, of) }
		fmt.Fprintf(to, "| %s | %.0f | %.0f | %.0f | %.1f | %.1f | %.0f | %v |\n", r.name,
			middle(func(m measurement) float64 { return m.server }),
			middle(func(m measurement) float64 { return m.database }),
			middle(func(m measurement) float64 { return m.perSecond }),
			middle(func(m measurement) float64 { return milliseconds(m.p50) }),
			middle(func(m measurement) float64 { return milliseconds(m.p99) }),
			middle(func(m measurement) float64 { return float64(m.resident) / (1 << 20) }), r.statements[w])
	}
}

// ratios holds each turn against that of the first contender in the same round.
func (b *bench) ratios(w workload, turns []measurement) []float64 {
	first := b.measured[w][b.running[0].name]
	all := make([]float64, len(turns))
	for i := range turns {
		all[i] = turns[i].cpu() / first[i].cpu()
	}
	return all
}

func medianOf(turns []measurement, of func(measurement) float64) float64 {
	values := make([]float64, len(turns))
	for i, m := range turns {
		values[i] = of(m)
	}
	return median(values)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
