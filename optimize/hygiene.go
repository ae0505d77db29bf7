package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// unusedAfter is how many days of counting make "never used" worth saying.
const unusedAfter = 30

// hygiene finds indexes that only cost, and tables that are mostly air.
func (r *run) hygiene(context.Context) error {
	for _, t := range r.catalog.Tables {
		gone := map[*Existing]bool{}
		for _, e := range t.Indexes {
			if !e.Valid {
				gone[e] = true
				r.dropAdvice(t, e, "invalid", "its build failed or was never finished: it is written to and never read", true)
			}
		}
		for _, e := range t.Indexes {
			if other := e.servedBy(t.Indexes, gone); other != nil && !gone[e] {
				gone[e] = true
				reason := fmt.Sprintf("%s (%s) also serves (%s)", other.Name, strings.Join(other.Columns, ", "), strings.Join(e.Columns, ", "))
				r.dropAdvice(t, e, "redundant", reason, true)
			}
		}
		r.unused(t, gone)
		r.bloat(t)
	}
	return nil
}

// keeps reports whether something lives by the index beside reads.
func (e *Existing) keeps() bool { return e.Unique || e.Primary || e.Constraint || e.Replica }

// servedBy finds an index that does all that this one does: of the same kind and condition, its key beginning with this
// one's, part for part with the same operators, collations and directions. Of two twins the one with the later name goes.
func (e *Existing) servedBy(all []*Existing, gone map[*Existing]bool) *Existing {
	if e.keeps() || !e.Valid {
		return nil
	}
	for _, other := range all {
		if other == e || gone[other] || !other.Valid || other.Method != e.Method || other.Where != e.Where || other.expressions != e.expressions ||
			len(other.parts) < len(e.parts) || !slices.Equal(other.parts[:len(e.parts)], e.parts) || e.Method != "btree" && len(other.parts) != len(e.parts) {
			continue
		}
		columns := append(slices.Clone(other.Columns), other.Include...)
		if slices.ContainsFunc(e.Include, func(column string) bool { return !slices.Contains(columns, column) }) {
			continue
		}
		if len(other.parts) == len(e.parts) && len(other.Include) == len(e.Include) && !other.keeps() && other.Name > e.Name {
			continue // twins: the other one goes
		}
		return other
	}
	return nil
}

func (r *run) dropAdvice(t *Table, e *Existing, what, reason string, sure bool) {
	name := schemaOf(t) + pgsql.Ident(e.Name)
	a := &Advice{
		ID: "hygiene-" + what + "-" + e.Name, Kind: KindHygiene, Title: t.ID, Change: "DROP INDEX " + name, File: "drop_" + e.Name,
		Migration: dropMigration(r.catalog.Dialect, e, name),
		Proof:     Proof{Level: L0}, Why: []string{reason},
		Confidence: "high: the catalog says so",
		Notes:      []string{fmt.Sprintf("frees %s and a write for each row of %s", Bytes(e.Bytes), t.ID)},
	}
	if r.catalog.Dialect == SQLite {
		a.Notes = []string{fmt.Sprintf("frees about %s for what is written next (the file shrinks with VACUUM), and a write for each row of %s", Bytes(e.Bytes), t.ID)}
	}
	if !sure {
		a.Kind, a.ID, a.Confidence = KindHint, "hint-"+a.ID, "low (L0): only what was counted here is known"
	}
	r.add(a)
}

// unused tells which indexes nobody read for long. A replica counts its own reads, so this is a hint for ever.
func (r *run) unused(t *Table, gone map[*Existing]bool) {
	days := r.catalog.Now.Sub(r.catalog.StatsReset).Hours() / 24
	if r.catalog.StatsReset.IsZero() || days < unusedAfter || r.catalog.Replica {
		return
	}
	for _, e := range t.Indexes {
		served := slices.ContainsFunc(t.Keys, func(key ForeignKey) bool {
			return len(e.Columns) >= len(key.Columns) && slices.Equal(e.Columns[:len(key.Columns)], key.Columns)
		})
		if e.Scans == 0 && !e.keeps() && !gone[e] && e.Valid && !served && e.Bytes > 1<<20 {
			r.dropAdvice(t, e, "unused", fmt.Sprintf("it was not read once in %.0f days; look at each replica before it goes, they count for themselves", days), false)
		}
	}
}

// The bounds of what is called bloat.
const (
	bloatPart  = 0.3
	bloatBytes = 50 << 20
)

// bloat finds tables whose rows would fit into much less. It is an estimate from the widths of columns.
func (r *run) bloat(t *Table) {
	if t.Kind != "r" || t.stale() || t.Rows < tinyRows || slices.ContainsFunc(t.Columns, func(c *Column) bool { return !c.Known }) {
		return
	}
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	const header = 28                                                    // of a row, with its pointer
	padding := 3 * float64(len(t.Columns)) / 2                           // to where each value has to begin
	needed := t.Rows * (header + aligned(t.width(names)+padding)) * 1.02 // and the heads of pages
	wasted := t.bytes() - needed
	if wasted < bloatBytes || wasted < bloatPart*t.bytes() {
		return
	}
	r.add(&Advice{
		ID: "hint-bloat-" + t.Name, Kind: KindHint, Title: t.ID, Proof: Proof{Level: L0},
		Change: fmt.Sprintf("ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.02)\npg_repack --table %s   -- or VACUUM FULL %s, which locks it\nREINDEX TABLE CONCURRENTLY %s", t.ID, t.ID, t.ID, t.ID),
		Why: []string{fmt.Sprintf("%s has %s; its %s rows need about %s; %s dead rows wait for VACUUM", t.ID, Bytes(t.bytes()), Count(t.Rows),
			Bytes(needed), Count(t.Dead))},
		Confidence: "low (L0): an estimate from the widths of columns; pgstattuple would measure it",
	})
}

func (t *Table) bytes() float64 { return max(t.Pages, t.size) * 8192 }
