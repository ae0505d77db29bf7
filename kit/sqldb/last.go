package sqldb

// Ending is a Conn in a transaction whose last query can travel with the commit.
type Ending interface {
	Conn
	// Last calls do once the transaction is about to be committed, with a Conn of its own, or at once where that spares
	// nothing. Do asks one query and reads its rows to the end, or closes them; it writes nothing. Its error is Write's. Where
	// the database refuses the query the transaction is undone; whatever else do finds wrong comes after the commit.
	Last(do func(Conn) error) error
}

// Last calls do with c's last query, at once where c is no Ending.
func Last(c Conn, do func(Conn) error) error {
	if e, ok := c.(Ending); ok {
		return e.Last(do)
	}
	return do(c)
}
