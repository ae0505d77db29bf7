package query

import (
	"context"
	"math"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Create validates and stores a row and returns its id. Fields that changes do not name take their defaults. The CREATE
// rules of e are asked of the row as it then stands; where none holds, and with every other error, the transaction
// must be rolled back, as Engine.Write does.
//
// Its problems are INVALID with all that is wrong, CONFLICT with the fields that are taken, FORBIDDEN, UNAUTHENTICATED.
func (t *Tx) Create(ctx context.Context, e *meta.Entity, changes []Change) (kit.ID, error) {
	return t.create(ctx, e, changes, "", nil)
}

// create is Create. onConflict, unless empty, is what the INSERT does about a row that has what must be unique: where it
// inserts nothing, there is no id. Where last is not nil the row may be read, and all be committed, on the way of the INSERT.
func (t *Tx) create(ctx context.Context, e *meta.Entity, changes []Change, onConflict string, last *lastRead) (id kit.ID, err error) {
	defer t.state.spoil(t.state.writes, &err)
	if err := few(changes); err != nil {
		return "", err
	}
	writes, err := t.makeAll(ctx, e, []draft{{changes: changes}}, onConflict, last)
	if err != nil {
		return "", err
	}
	return writes[0].id, nil
}

// Update validates and stores changes of the row that key or id names, and returns its id. A version other than 0 must
// be the row's. The UPDATE rules of e must hold before and after.
//
// Its problems are NOT_FOUND where the viewer may not read the row, FORBIDDEN where he may not update it or one of the
// fields, STALE, CONFLICT where a field takes a step that its flow does not have, and those of Create.
func (t *Tx) Update(ctx context.Context, e *meta.Entity, key string, version int64, changes []Change) (id kit.ID, err error) {
	defer t.state.spoil(t.state.writes, &err)
	if err := few(changes); err != nil {
		return "", err
	}
	return t.update(ctx, e, key, version, changes, nil, 0)
}

// update is Update of a row that belongs to another, if of is not nil; depth is how many that one belongs to in turn.
func (t *Tx) update(ctx context.Context, e *meta.Entity, key string, version int64, changes []Change, of *belonging, depth int) (kit.ID, error) {
	w := t.write(e, meta.Update)
	if w.depth = depth; of != nil {
		w.by = of.by
	}
	w.take(changes)
	before, err := w.verdict(beforeStage)
	if err != nil {
		return "", err
	}
	before.of = of
	if err := w.lockReached(ctx, before, key); err != nil {
		return "", err
	}
	row, err := before.load(ctx, t, key, version, w.what())
	if err != nil {
		return "", err
	}
	w.id = row.id
	w.merge(row)
	after, err := w.verdict(afterStage)
	if err != nil {
		return "", err
	}
	if len(w.parts) > 0 && follows(e) {
		after.mustStay()
	}
	if row.tenant != "" {
		w.tx = t.within(row.tenant)
	}
	if err := w.resolve(ctx); err != nil {
		return "", err
	}
	w.addUp(row)
	if err := w.wrong.problem(); err != nil {
		return w.id, err
	}
	if len(w.given)+len(w.parts) == 0 {
		if before.allowed(row.held) {
			return w.id, nil
		}
		return w.id, after.ask(ctx, t, w.id, row.old, row.held, w.what()) // by rules that name old, which is the row itself
	}
	if err := w.follow(row); err != nil {
		return "", err
	}
	if err := w.lockParents(ctx, row); err != nil {
		return "", err
	}
	if err := w.queueSpans(ctx); err != nil {
		return "", err
	}
	if err := w.renumber(ctx); err != nil {
		return "", err
	}
	if err := w.writeLists(ctx); err != nil {
		return "", err
	}
	if w.idle() { // the row is as it was, and so is its version; whoever may not do it hears so all the same
		return w.id, after.ask(ctx, t, w.id, row.old, row.held, w.what())
	}
	if err := w.update(ctx); err != nil {
		return "", err
	}
	if err := w.writeParts(ctx); err != nil {
		return "", err
	}
	t.changed(e, meta.Update, string(w.id))
	if err := t.record(ctx, e, updated, []string{string(w.id)}, w.changes(row.old)); err != nil {
		return "", err
	}
	return w.id, after.ask(ctx, t, w.id, row.old, row.held, w.what())
}

// write is one row on its way to the database.
type write struct {
	tx     *Tx
	entity *meta.Entity
	verb   meta.Verb
	fate   fate // of the row, before it is written
	id     kit.ID
	values map[*meta.Field]any // valid, in the form that the field's Kind states
	given  []*meta.Field       // by the caller, each once
	trust  map[*meta.Field]bool
	sums   []*meta.Field // those that change by a difference
	merged []*meta.Field // those of given that are made of what is there
	parts  []partsOf     // what becomes of rows that belong to it
	heldBy []referrer    // of a delete: what refers to the row and the viewer may read
	wrong  validator

	path     string // of the row in what the caller sent; empty for what he sent itself
	depth    int    // of rows that it belongs to
	of       *belonging
	by       *meta.Field // the reference by which it belongs to what it is written with, nil where to nothing
	locked   []string    // of what the row of an update refers to: the ids of what was locked before it
	answered []bool      // the answers of the questions about a new row; nil: not asked yet
	seen     bool        // the viewer may read it, where that counts

	defaulted []*meta.Field // those whose values are defaults
	second    bool          // what the server had made up was taken: it makes up other values
}

func (t *Tx) write(e *meta.Entity, verb meta.Verb) *write {
	return &write{
		tx: t, entity: e, verb: verb, values: map[*meta.Field]any{}, trust: map[*meta.Field]bool{},
		wrong: validator{engine: t.engine},
	}
}

// what is what the viewer is about to do, for a person.
func (w *write) what() string {
	if w.fate == deleted {
		return "restore this " + w.entity.Singular
	}
	return [...]string{"read", "create", "update", "delete"}[w.verb] + " this " + w.entity.Singular
}

// take validates the changes.
func (w *write) take(changes []Change) {
	for _, c := range changes {
		f := c.Field
		switch {
		case w.entity.Field(f.Name) != f:
			w.wrong.add(f.Name, kit.FieldUnknown, "%s has no such field.", w.entity.Name)
			continue
		case f.Parts != nil:
			w.takeParts(f, c.Value)
			continue
		case f.Auto, f.IsComputed(), f.Immutable && w.verb == meta.Update, f.Kind == meta.List && (f.Join == nil || !f.Join.Owner):
			w.wrong.add(f.Name, kit.FieldReadOnly, "This cannot be set.")
			continue
		}
		if f.Kind == meta.Union {
			w.takeUnion(f, c.Value)
			continue
		}
		if links, ok := c.Value.(Links); ok && f.Kind == meta.List {
			w.takeLinks(f, links)
			continue
		}
		if c.Value == nil && w.verb == meta.Create && f.Default != nil && !f.Null {
			continue // asks for the default
		}
		if _, twice := w.values[f]; !twice {
			w.given = append(w.given, f)
		}
		if m, ok := c.Value.(Merge); ok {
			w.merged, w.values[f] = append(w.merged, f), w.takeMerge(f, m)
			continue
		}
		told := len(w.wrong.wrong)
		w.values[f] = w.value(f, c.Value)
		if len(w.wrong.wrong) == told {
			w.addresses(f)
		}
	}
}

// addresses complains of a key by which no door finds the row: what is empty and dots is taken away from a path (RFC 3986, section 5.2.4),
// and what has the form of an id is read as one.
func (w *write) addresses(f *meta.Field) {
	text, isText := w.values[f].(string)
	switch {
	case !isText || f.Name != w.entity.Key:
	case text == "", text == ".", text == "..":
		w.wrong.add(f.Name, kit.FieldFormat, "This stands in paths, where nothing, . and .. lead elsewhere.")
	case kit.IsID(text):
		w.wrong.add(f.Name, kit.FieldFormat, "This has the form of an id, and would be taken for one.")
	}
}

// value is what a change says of f, validated.
func (w *write) value(f *meta.Field, value any) any {
	change, ok := value.(Increment)
	if !ok {
		return w.wrong.field(f, f.Name, value)
	}
	switch f.Kind {
	case meta.Int, meta.Int64, meta.Float, meta.Decimal:
		if w.verb == meta.Update && !f.Repeated {
			w.sums = append(w.sums, f)
			return change // addUp checks the sum
		}
	}
	w.wrong.add(f.Name, kit.FieldType, "Only a number that is there can be changed by a difference.")
	return nil
}

// addUp puts the sum in the place of each difference: nobody else changes row, which is locked, until the transaction ends. What is
// null stays so.
func (w *write) addUp(row *loaded) {
	for i, f := range w.oldFields() {
		change, ok := w.values[f].(Increment)
		if !ok {
			continue
		}
		if w.values[f] = nil; row.old[i] == nil {
			continue
		}
		total, fits := sum(row.old[i], change.By)
		switch {
		case !fits:
			w.wrong.add(f.Name, kit.FieldTooLarge, "This does not fit 64 bits.")
		case total == nil:
			w.wrong.add(f.Name, kit.FieldType, "A number and its difference are of one type.")
		default:
			w.values[f] = w.wrong.field(f, f.Name, total)
		}
	}
}

// sum is a number and a difference, nil where these cannot be added. Whole numbers and Floats must fit 64 bits.
func sum(a, b any) (total any, fits bool) {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			total := a + b
			return total, (total > a) == (b > 0)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return a + b, !math.IsInf(a+b, 0)
		}
	case kit.Decimal:
		if b, ok := b.(kit.Decimal); ok {
			return a.Add(b), true
		}
	}
	return nil, true
}

// required complains of fields that are still without a value.
func (w *write) required() {
	for _, f := range w.entity.Fields {
		if f.Kind == meta.Union && !f.Null && !w.takesAny(f) {
			w.wrong.add(f.Name, kit.FieldRequired, "This is required.")
		}
		if _, set := w.values[f]; set || f.Auto || !f.Stored() || counts(f) {
			continue
		}
		if !f.Null {
			w.wrong.add(f.Name, kit.FieldRequired, "This is required.")
		}
	}
}

// stored is the value of a field of a new row.
func (w *write) stored(f *meta.Field) any {
	if f.Auto {
		switch f.Name {
		case "id":
			return string(w.id)
		case "createdAt", "updatedAt":
			return w.tx.now
		case "version":
			return int64(1)
		}
	}
	return w.values[f]
}

// eachColumn calls do for the column of f, or for those of its parts.
func eachColumn(f *meta.Field, value any, do func(*meta.Field, any) error) error {
	if f.Kind != meta.Value {
		return do(f, value)
	}
	parts, _ := value.([]any)
	for i, part := range f.Fields {
		var v any
		if parts != nil {
			v = parts[i]
		}
		if err := do(part, v); err != nil {
			return err
		}
	}
	return nil
}

func (w *write) update(ctx context.Context) error {
	var sets []string
	args := []any{string(w.id)}
	add := func(f *meta.Field, value any) error {
		stored, err := w.tx.engine.dialect.encode(value, fieldType(f))
		if err != nil {
			return err
		}
		args = append(args, stored)
		sets = append(sets, ident(f.Column)+" = $"+itoa(len(args)))
		return nil
	}
	for _, f := range w.given {
		if f.Kind == meta.List {
			continue
		}
		if err := eachColumn(f, w.values[f], add); err != nil {
			return err
		}
	}
	if f := w.entity.Field("updatedAt"); f != nil && f.Auto {
		if err := add(f, w.tx.now); err != nil {
			return err
		}
	}
	sets = append(sets, nextVersion(w.entity)...)
	w.tx.state.writes++
	changed, err := w.tx.conn.Exec(ctx, "UPDATE "+stored(w.entity)+" SET "+strings.Join(sets, ", ")+" WHERE id = $1", args...)
	if err != nil {
		return w.violation(err)
	}
	if changed == 0 {
		return kit.NotFound(w.entity.Singular)
	}
	return nil
}

// nextVersion sets the version of a row that is written to the one after it.
func nextVersion(e *meta.Entity) []string {
	f := e.Field("version")
	if f == nil || !f.Auto {
		return nil
	}
	return []string{ident(f.Column) + " = " + ident(f.Column) + " + 1"}
}

// writeLists makes each many-to-many list that was given hold just the rows that were named, or links and unlinks them.
func (w *write) writeLists(ctx context.Context) error {
	for _, f := range w.given {
		if f.Kind != meta.List {
			continue
		}
		w.tx.state.writes++
		if links, ok := w.values[f].(Links); ok {
			var err error
			if w.values[f], err = links.write(ctx, w, f); err != nil {
				return err
			}
			continue
		}
		named := texts(w.values[f])
		if w.verb == meta.Update {
			to := ident(f.Join.To)
			others := to + " NOT IN (SELECT value FROM json_each($2))"
			if w.tx.engine.dialect.postgres {
				others = to + " <> ALL ($2::uuid[])"
			}
			if w.tx.tenant != "" && f.Target().TenantColumn != "" { // links to rows of others stay
				others += " AND " + to + " IN (SELECT id FROM " + w.tx.Living(f.Target()) + " r)"
			}
			sql := "DELETE FROM " + linkTable(f.Join) + " WHERE " + ident(f.Join.From) + " = $1 AND " + others
			if _, err := w.tx.conn.Exec(ctx, sql, string(w.id), w.tx.engine.ids(named, childrenVariant)); err != nil {
				return w.violation(err)
			}
		}
		if _, err := w.link(ctx, f, named); err != nil {
			return err
		}
	}
	return nil
}

// idle tells whether nothing is left to be changed: all that was given is links, which are as they were to become.
func (w *write) idle() bool {
	for _, f := range w.given {
		if links, ok := w.values[f].(Links); !ok || len(links.Link)+len(links.Unlink) > 0 {
			return false
		}
	}
	return len(w.parts) == 0
}

// link links rows to the row, and returns those that were not yet.
func (w *write) link(ctx context.Context, f *meta.Field, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{string(w.id), w.tx.engine.ids(ids, childrenVariant)}
	columns, source := ident(f.Join.From)+", "+ident(f.Join.To), "SELECT $1, value FROM json_each($2) WHERE TRUE"
	if w.tx.engine.dialect.postgres {
		source = "SELECT $1::uuid, unnest($2::uuid[])"
	}
	if f.Join.Tenant != "" {
		args, columns = append(args, w.tx.tenant), columns+", "+ident(f.Join.Tenant)
		source = strings.Replace(source, " FROM json_each", ", $3 FROM json_each", 1)
		if w.tx.engine.dialect.postgres {
			source += ", $3::uuid"
		}
	}
	sql := "INSERT INTO " + linkTable(f.Join) + " (" + columns + ") " + source + " ON CONFLICT DO NOTHING RETURNING " + ident(f.Join.To)
	return w.returning(ctx, sql, args...)
}

// returning runs a statement that returns ids.
func (w *write) returning(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := w.tx.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, w.violation(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, w.violation(err)
	}
	return ids, nil
}

func texts(list any) []string {
	items, _ := list.([]any)
	all := make([]string, 0, len(items))
	for _, item := range items {
		if text, ok := item.(string); ok && !contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
