package optimize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// machine is a connection to a SQLite file below database/sql, which does not tell how many steps SQLite's virtual
// machine took. That number is the same on every machine, and what a statement costs.
type machine struct {
	tls *libc.TLS
	db  uintptr

	exact bool // texts tell what is null, and of which type a value is

	ctx   context.Context // of the statement that runs
	limit float64         // its steps
	ticks float64         // tickSteps that it took
}

// ran is what one statement did.
type ran struct {
	Steps    float64 // of the virtual machine
	Rows     float64
	FullScan float64 // steps forward in whole tables
	Sorts    float64
	texts    [][]string
}

// The bounds of a statement: its steps, and its time, for what takes no steps.
const (
	mostSteps = 300_000_000
	endLimit  = 2 * time.Minute
	tickSteps = 10_000 // between two looks at whether it has to end
)

var (
	errNoEnd     = fmt.Errorf("it does not come to an end within %.0f minutes", endLimit.Minutes())
	errManySteps = errors.New("it takes too many steps")
)

// machines are those that are open, for what SQLite calls while a statement runs.
var machines sync.Map // of *machine, by the address of the connection

// tick is SQLite's progress handler: other than 0 ends the statement.
func tick(_ *libc.TLS, db uintptr) int32 {
	found, is := machines.Load(db)
	if !is {
		return 0
	}
	m := found.(*machine)
	m.ticks++
	if m.ticks*tickSteps > m.limit || m.ctx.Err() != nil {
		return 1
	}
	return 0
}

// tickAddress is tick as C code calls it. A function value is the address of a variable that holds the code's address
// (https://golang.org/s/go11func), and the variable of a function of a package never moves.
func tickAddress() uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr) int32
	}{tick}))
}

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
	machines.Store(m.db, m)
	sqlite3.Xsqlite3_progress_handler(m.tls, m.db, tickSteps, tickAddress(), m.db)
	return m, nil
}

func (m *machine) close() {
	machines.Delete(m.db)
	sqlite3.Xsqlite3_close_v2(m.tls, m.db)
	m.tls.Close()
}

// run executes one statement to its end, or until endLimit. The texts of its first rows are kept.
func (m *machine) run(ctx context.Context, text string, keep int) (ran, error) {
	return m.within(ctx, text, keep, math.Inf(1))
}

// within is run, ended by errManySteps after so many steps; what was done until then comes with it.
func (m *machine) within(ctx context.Context, text string, keep int, limit float64) (ran, error) {
	var out ran
	ctx, cancel := context.WithTimeoutCause(ctx, endLimit, errNoEnd)
	defer cancel()
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	m.ctx, m.limit, m.ticks = ctx, limit, 0
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
		case sqlite3.SQLITE_DONE:
			out.Steps, out.FullScan = status(sqlite3.SQLITE_STMTSTATUS_VM_STEP), status(sqlite3.SQLITE_STMTSTATUS_FULLSCAN_STEP)
			out.Sorts = status(sqlite3.SQLITE_STMTSTATUS_SORT)
			return out, context.Cause(ctx)
		case sqlite3.SQLITE_INTERRUPT:
			out.Steps = status(sqlite3.SQLITE_STMTSTATUS_VM_STEP)
			return out, cmp.Or(context.Cause(ctx), errManySteps)
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
		kind := ""
		if m.exact {
			kind = strconv.Itoa(int(sqlite3.Xsqlite3_column_type(m.tls, statement, i))) + " "
		}
		text := sqlite3.Xsqlite3_column_text(m.tls, statement, i)
		if text == 0 {
			texts = append(texts, kind)
			continue
		}
		texts = append(texts, kind+libc.GoString(text))
	}
	return texts
}
