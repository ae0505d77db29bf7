package optimize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// What is said of an index, with the proof that there is: a measurement, or a plan alone.

// indexAdvice is the part of an advice that needs no proof, about one index, or about several that are of use only together.
func (r *run) indexAdvice(g gain, indexes ...*Index) *Advice {
	first := indexes[0]
	a := &Advice{
		ID: "index-" + first.Name(), Kind: KindIndex, Indexes: indexes, File: first.Name(),
		Statement: g.query.Shown(r.options.Literals), Where: g.query.Where, Query: g.query.ID, Title: g.query.title(),
	}
	var changes []string
	var replaced []*Existing
	for _, index := range indexes {
		for _, part := range index.each() {
			changes = append(changes, "CREATE INDEX ON "+part.String())
			replaced = append(replaced, part.replaces()...)
		}
	}
	a.Change = strings.Join(changes, ";\n")
	a.Migration = indexMigration(r.catalog.Dialect, indexes, replaced, r.tablesOf(g.query, indexes))
	for _, index := range indexes {
		a.Notes = append(a.Notes, r.indexNotes(index)...)
		if note := r.lackNote(g.query, index); note != "" {
			a.Notes = append(a.Notes, note)
		}
	}
	return a
}

// plannedAdvice is about an index of whose gains there are plans alone, or nil where they promise too little. All are those that are told.
func (r *run) plannedAdvice(index *Index, gains, all []gain) *Advice {
	first := gains[0]
	if gains = slices.DeleteFunc(slices.Clone(gains), func(g gain) bool { return index.plannedDull(g) }); len(gains) == 0 {
		r.note("%s: %s would read most of it, for little (cost %s → %s); it is left alone", index, first.query.title(), Count(first.before.Cost()), Count(first.after.Cost()))
		return nil
	}
	best := gains[0]
	if hoped := r.planned(gains); !hoped.worth(r.upkeep(index)) {
		r.leftAlone(index.String(), best.query, hoped, false)
		return nil
	}
	a := r.indexAdvice(best, index)
	a.Proof = Proof{L1, estimated(best.before), estimated(best.after)}
	a.Confidence = fmt.Sprintf("medium (L1): the planner would use it and the cost falls from %s to %s; no time was measured", Count(best.before.Cost()), Count(best.after.Cost()))
	a.Why, a.Saved = diagnose(best.before), planShare(gains)
	a.Notes = append(a.Notes, notesOf(gains, best.query)...)
	if others := without(best.used, index); len(others) > 0 {
		a.Notes = append(a.Notes, "works together with "+namesOf(others))
	}
	return r.alsoServes(a, all)
}

func (r *run) measuredAdvice(a *Advice, index *Index, q *Query, before, after Measured) {
	a.Statement, a.Where, a.Query, a.Title, a.shown = q.Shown(r.options.Literals), q.Where, q.ID, q.title(), q
	level := r.clone.level(r.catalog, index.Table)
	a.Proof = Proof{level, measured(before), measured(after)}
	a.Confidence = fmt.Sprintf("high (%s): %s", level, sentence(before, after, r.clone.about(r.catalog, index.Table)))
	if before.Plan != nil {
		a.Why = diagnose(before.Plan)
		a.tellBeside(slices.DeleteFunc(r.clone.among(before.Plan), func(i *Index) bool { return slices.Contains(a.Indexes, i) }))
	}
	if q.cameToNothing(after) {
		a.Confidence = strings.Replace(a.Confidence, "high (", "medium (", 1)
		a.Notes = append(a.Notes, "no row came for the values that were tried for its parameters: where many come, it gains less; name a log with values to have those tried")
	}
	if size := r.clone.real[index]; size > 0 {
		it := "it"
		if len(a.Indexes) > 1 {
			it = index.Name()
		}
		a.Notes = append(a.Notes, fmt.Sprintf("%s takes %s and was built in %s on the clone", it, Bytes(size), Milliseconds(float64(r.clone.build[index].Microseconds())/1000)))
	}
}

// tellBeside marks what the evidence says of indexes that are not there either: they are advised, too, and were made before this one was measured.
func (a *Advice) tellBeside(others []*Index) {
	for i, why := range a.Why {
		for _, other := range others {
			if strings.Contains(why+" ", " "+other.Name()+" ") || strings.Contains(why, " "+other.Name()+",") {
				a.Why[i] += " (" + other.Name() + " is advised here, too)"
			}
		}
	}
	others = slices.DeleteFunc(others, func(i *Index) bool { // said already
		return slices.ContainsFunc(a.Notes, func(note string) bool {
			return strings.HasPrefix(note, "works together with ") && strings.Contains(note, i.Name())
		})
	})
	if len(others) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("measured beside %s, advised here, too: before is with it and without this one", namesOf(others)))
	}
}

// cameToNothing reports whether the values that were made up for a query's parameters found no row.
func (q *Query) cameToNothing(m Measured) bool {
	if !q.reads() || m.Plan == nil || len(pgsql.Params(q.parsed)) == 0 {
		return false
	}
	return !slices.ContainsFunc(m.Plan.All(), func(n *Node) bool { return n.Table != "" && n.ActualRows > 0 })
}

// alsoServes notes what else gains by an index, with times where they were measured.
func (r *run) alsoServes(a *Advice, gains []gain) *Advice {
	for _, g := range gains {
		changed := fmt.Sprintf("cost %s → %s", Count(g.before.Cost()), Count(g.after.Cost()))
		if p := r.measured[g.query]; p != nil && p.err == nil {
			before, after := p.before, p.after
			if own := p.shares[a.Indexes[0]]; own != nil {
				before, after = own.before, own.after
			}
			if !faster(before, after) {
				continue
			}
			changed = Milliseconds(before.Median()) + " → " + Milliseconds(after.Median())
		}
		a.serve(servedToo{g.query.ID, g.query.title(), changed, ""})
	}
	return a
}

// planShare is the part of the workload's cost that an index saves by plan.
func planShare(gains []gain) (saved float64) {
	for _, g := range gains {
		saved += g.query.Share * (1 - g.after.Cost()/g.before.Cost()) / float64(max(1, len(g.used)))
	}
	return saved
}

// notesOf are the notes of queries that gain, each but the one shown with its name.
func notesOf(gains []gain, shown *Query) (notes []string) {
	for _, g := range gains {
		for _, note := range g.query.notes {
			if g.query.title() != shown.title() {
				note = g.query.title() + ": " + note
			}
			notes = append(notes, note)
		}
	}
	return notes
}

// lackNote says why an index does not hold all that a query asks of its table.
func (r *run) lackNote(q *Query, index *Index) string {
	for _, scan := range q.roles.Scans {
		if scan.Table != index.Table.ID || !index.mayServe(scan) {
			continue
		}
		if columns, why := (&former{c: r.catalog, t: index.Table, scan: scan}).lacks(index); len(columns) > 0 {
			return fmt.Sprintf("without INCLUDE (%s): %s", identList(columns), why)
		}
	}
	return ""
}

// indexNotes are what a reader should know of an index.
func (r *run) indexNotes(index *Index) (notes []string) {
	for _, part := range index.each() {
		for _, old := range part.replaces() {
			notes = append(notes, fmt.Sprintf("replaces %s, whose key it begins with", old.Name))
		}
	}
	entries := "one entry more"
	if index.Method == "gin" {
		entries = "an entry more for each part of its value"
	}
	notes = append(notes, fmt.Sprintf("about %s on disk; each insert into %s writes %s", Bytes(index.bytes()), index.Table.ID, entries))
	if updated := r.updatesOf(index); updated != "" {
		notes = append(notes, updated)
	}
	notes = append(notes, r.policyNotes(index)...)
	if index.Where != "" {
		part := fmt.Sprintf("%.0f %%", 100*index.part())
		if part == "0 %" {
			part = "less than 1 %"
		}
		notes = append(notes, fmt.Sprintf("holds %s of the rows: statements that do not say %s cannot use it", part, index.Where))
	}
	switch {
	case len(index.Table.Heirs) > 0:
		notes = append(notes, inheritedNote(index.Table))
	case len(index.Table.Partitions) > 0:
		notes = append(notes, fmt.Sprintf("%s is partitioned: the migration makes the index of each partition beside running writes, and attaches it", index.Table.ID))
	}
	return notes
}

// replaces are indexes that are there and do nothing that this one does not.
func (i *Index) replaces() []*Existing {
	var out []*Existing
	if i.Where != "" || i.Method != "btree" {
		return nil
	}
	for _, e := range i.Table.Indexes {
		if e.Unique || e.Constraint || e.Replica || e.Where != "" || e.Method != "btree" || len(e.Columns) >= len(i.Keys)+1 {
			continue
		}
		holds := slices.Concat(i.columns(), i.Include)
		same := len(e.Columns) > 0 && !slices.ContainsFunc(e.Include, func(column string) bool { return !slices.Contains(holds, column) })
		for at, column := range e.Columns {
			same = same && column != "" && at < len(i.Keys) && i.Keys[at] == Key{Column: column} && plainOption(e, at)
		}
		if same {
			out = append(out, e)
		}
	}
	return out
}

// plainOption reports whether a part of an index is ascending with nulls last.
func plainOption(e *Existing, at int) bool {
	return len(e.parts) <= at || strings.HasSuffix(e.parts[at], " 0")
}

// updatesOf warns when a column of the index is changed often: such an update then has to write all indexes of Postgres, this one of SQLite.
func (r *run) updatesOf(index *Index) string {
	for _, q := range r.queries {
		if !q.parsed.Tree.Is("UpdateStmt") || r.catalog.find(q.target()) != index.Table {
			continue
		}
		for _, target := range q.parsed.Tree.Nodes("targetList") {
			if name := target.Text("name"); slices.Contains(slices.Concat(index.columns(), index.Include, index.asked()), name) {
				if r.catalog.Dialect == SQLite {
					return fmt.Sprintf("%s changes %s: with this index such an update writes it, too", q.title(), name)
				}
				return fmt.Sprintf("%s changes %s: with this index such an update is no longer done in place (HOT)", q.title(), name)
			}
		}
	}
	return ""
}

// tablesOf are the tables that a statement asks, and those of indexes, by name.
func (r *run) tablesOf(q *Query, indexes []*Index) []string {
	tables := map[string]bool{}
	for _, index := range indexes {
		tables[index.Table.ID] = true
	}
	for _, scan := range q.roles.Scans {
		if t := r.catalog.table(scan.Table); t != nil && t.Kind != "v" {
			tables[t.ID] = true
		}
	}
	return sortedNames(tables)
}

// namesOf lists indexes.
func namesOf(indexes []*Index) string {
	var names []string
	for _, index := range indexes {
		names = append(names, index.Name())
	}
	return strings.Join(names, ", ")
}
