package sqlite

import (
	"database/sql/driver"

	engine "modernc.org/sqlite"
)

// letters stands in the place of SQLite's own lower or upper, which know ASCII alone: PostgreSQL's know all letters, and what
// is unique in whatever case must be so on both.
func letters(change func(string) string) func(*engine.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		if text, ok := args[0].(string); ok {
			return change(text), nil
		}
		return args[0], nil
	}
}
