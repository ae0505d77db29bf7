// Command slowshop makes the list of users slow in a shop that was seeded on SQLite, so that the README's session about it can be
// repeated: go run ./internal/slowshop examples/shop
package main

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

//go:embed slow.sql
var statements string

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "slowshop: %v\n", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want the folder of a shop: go run ./internal/slowshop examples/shop")
	}
	file := filepath.Join(args[0], "data", "shop.db")
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%w: fettle seed %s makes it", err, args[0])
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	_, err = db.Exec(statements)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	fmt.Println(file + ": 30,000 people more, and without the index of their list")
	return nil
}
