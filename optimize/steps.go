package optimize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// machine is a connection to a SQLite file below database/sql, which does not tell how many steps SQLite's virtual
// machine took. That number is the same on every machine, and what a statement costs.
type machine struct {
	tls *libc.TLS
	db  uintptr
}

// ran is what one statement did.
type ran struct {
	Steps    float64 // of the virtual machine
	Rows     float64
	FullScan float64 // steps forward in whole tables
	Sorts    float64
	texts    [][]string
}

// mostSteps ends a statement that never comes to an end, and so does endLimit, for one that has no row to count by.
const (
	mostSteps = 2_000_000_000
	endLimit  = 2 * time.Minute
)

var errNoEnd = fmt.Errorf("it does not come to an end within %.0f minutes", endLimit.Minutes())

func openMachine(path string) (*machine, error) {
	m := &machine{tls: libc.NewTLS()}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(m.tls, name)
	handle := libc.Xmalloc(m.tls, 8)
	defer libc.Xfree(m.tls, handle)
	rc := sqlite3.Xsqlite3_open_v2(m.tls, name, handle, sqlite3.SQLITE_OPEN_READWRITE, 0)
	m.db = libc.AtomicLoadPUintptr(handle)
	if rc != sqlite3.SQLITE_OK {
		m.close()
		return nil, fmt.Errorf("%s: it cannot be opened (%d)", path, rc)
	}
	return m, nil
}

func (m *machine) close() {
	sqlite3.Xsqlite3_close_v2(m.tls, m.db)
	m.tls.Close()
}

// run executes one statement to its end, or until endLimit. The texts of its first rows are kept.
func (m *machine) run(ctx context.Context, text string, keep int) (ran, error) {
	var out ran
	ctx, cancel := context.WithTimeoutCause(ctx, endLimit, errNoEnd)
	defer cancel()
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		tls := libc.NewTLS()
		defer tls.Close()
		sqlite3.Xsqlite3_interrupt(tls, m.db)
	})
	defer func() {
		if !stop() {
			<-interrupted // it is not for the next statement
		}
	}()
	sql, err := libc.CString(text)
	if err != nil {
		return out, err
	}
	defer libc.Xfree(m.tls, sql)
	handle := libc.Xmalloc(m.tls, 8)
	defer libc.Xfree(m.tls, handle)
	if rc := sqlite3.Xsqlite3_prepare_v2(m.tls, m.db, sql, -1, handle, 0); rc != sqlite3.SQLITE_OK {
		return out, errors.New(libc.GoString(sqlite3.Xsqlite3_errmsg(m.tls, m.db)))
	}
	statement := libc.AtomicLoadPUintptr(handle)
	defer sqlite3.Xsqlite3_finalize(m.tls, statement)
	status := func(what int32) float64 {
		return float64(uint32(sqlite3.Xsqlite3_stmt_status(m.tls, statement, what, 0)))
	}
	for {
		switch rc := sqlite3.Xsqlite3_step(m.tls, statement); rc {
		case sqlite3.SQLITE_ROW:
			if out.Rows++; int(out.Rows) <= keep {
				out.texts = append(out.texts, m.row(statement))
			}
			if status(sqlite3.SQLITE_STMTSTATUS_VM_STEP) > mostSteps {
				return out, errNoEnd
			}
		case sqlite3.SQLITE_DONE:
			out.Steps, out.FullScan = status(sqlite3.SQLITE_STMTSTATUS_VM_STEP), status(sqlite3.SQLITE_STMTSTATUS_FULLSCAN_STEP)
			out.Sorts = status(sqlite3.SQLITE_STMTSTATUS_SORT)
			return out, context.Cause(ctx)
		case sqlite3.SQLITE_INTERRUPT:
			return out, context.Cause(ctx)
		default:
			return out, errors.New(libc.GoString(sqlite3.Xsqlite3_errmsg(m.tls, m.db)))
		}
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
	}
}

func (m *machine) row(statement uintptr) []string {
	var texts []string
	for i := range sqlite3.Xsqlite3_column_count(m.tls, statement) {
		text := sqlite3.Xsqlite3_column_text(m.tls, statement, i)
		if text == 0 {
			texts = append(texts, "")
			continue
		}
		texts = append(texts, libc.GoString(text))
	}
	return texts
}
