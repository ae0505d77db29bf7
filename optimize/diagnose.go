package optimize

import (
	"fmt"
	"strings"
)

// diagnose tells why a plan costs what it costs: the steps that take most of it, each with its evidence. Of a measured
// plan it tells what happened, of an estimated one what is expected.
func diagnose(p *Plan) []string {
	if p == nil {
		return nil
	}
	var out []string
	add := func(format string, args ...any) {
		if line := fmt.Sprintf(format, args...); len(out) < 4 {
			out = append(out, line)
		}
	}
	for _, t := range p.Triggers {
		if t.Constraint != "" && t.Time > 0.1*p.Time && t.Time > 1 {
			add("checking the foreign key %s took %s of %s, in %s calls: each reads the whole table that refers", t.Constraint, Milliseconds(t.Time), Milliseconds(p.Time), Count(t.Calls))
		}
	}
	for _, n := range p.All() {
		if n.Cost < 0.1*p.Root.Cost && !p.Measured && n.Parent != "SubPlan" {
			continue
		}
		n.explain(p.Measured, add)
	}
	return out
}

func (n *Node) explain(measured bool, add func(string, ...any)) {
	repeated := ""
	if n.Loops > 10 {
		repeated = fmt.Sprintf(", in %s loops", Count(n.Loops))
	}
	switch {
	case strings.HasSuffix(n.Type, "Seq Scan") && measured && n.Removed > 10*max(1, n.ActualRows) && n.Removed > 1000:
		add("%s reads %s rows of %s and keeps %s%s", n.Type, Count(n.Removed+n.ActualRows), n.Table, Count(n.ActualRows), repeated)
	case strings.HasSuffix(n.Type, "Seq Scan") && measured && n.ActualRows > 1000:
		add("%s reads all of %s, %s rows%s", n.Type, n.Table, Count(n.ActualRows), repeated)
	case strings.HasSuffix(n.Type, "Seq Scan") && !measured && n.Filter != "":
		add("%s reads all of %s to keep about %s rows", n.Type, n.Table, Count(n.Rows))
	case strings.HasSuffix(n.Type, "Seq Scan") && !measured && n.Table != "":
		add("%s reads all of %s, about %s rows", n.Type, n.Table, Count(n.Rows))
	case strings.Contains(n.Type, "Index") && n.Removed > 10*max(1, n.ActualRows) && n.Removed > 1000:
		add("%s walks %s, throws away %s rows and keeps %s", n.Type, n.Index, Count(n.Removed), Count(n.ActualRows))
	}
	switch {
	case n.SortDisk > 0:
		add("the sort by %s does not fit into work_mem: %s on disk", redacted(n.Key), Bytes(n.SortDisk*1024))
	case n.Type == "Sort" && measured && n.ActualRows > 10_000:
		add("%s rows are sorted by %s", Count(n.ActualRows), redacted(n.Key))
	}
	if n.Batches > 1 {
		add("the hash table does not fit into work_mem: %s batches", Count(n.Batches))
	}
	if n.HeapFetches > 0.2*n.ActualRows && n.HeapFetches > 1000 {
		add("the index-only scan still visits the table for %s rows: VACUUM it", Count(n.HeapFetches))
	}
	if n.Parent == "SubPlan" && n.Loops > 100 {
		add("a subquery runs %s times", Count(n.Loops))
	}
	if measured && n.Loops > 0 && len(n.Below) == 0 {
		estimated, actual := max(1, n.Rows), max(1, n.ActualRows/n.Loops)
		if off := max(estimated/actual, actual/estimated); off > 10 && max(estimated, actual) > 1000 {
			add("%s rows of %s were expected, %s came: the statistics are off by %.0f times", Count(estimated), n.Table, Count(actual), off)
		}
	}
}
