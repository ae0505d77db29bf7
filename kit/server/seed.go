package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// seed makes the rows that the service has for a beginning, all or none, and tells how many of each kind.
func (p *program) seed() error {
	if p.service.Seed == nil {
		return problemError{errors.New("seed: main sets no service.Seed")}
	}
	return p.with(func(s *Server) error {
		before, err := s.countRows(p.ctx)
		if err != nil {
			return err
		}
		err = s.engine.Write(p.ctx, kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
			return p.service.Seed(ctx, tx.System())
		})
		var taken *kit.Problem
		if errors.As(err, &taken) && taken.Code == kit.CodeConflict && before.any() {
			return problemError{fmt.Errorf("seed: nothing was made: %s\nit fills a fresh database, and this one has %v already", taken.Detail, before)}
		}
		if err != nil {
			return err
		}
		after, err := s.countRows(p.ctx)
		if err != nil {
			return err
		}
		if made := after.less(before); made.any() {
			fmt.Fprintf(p.stdout, "made %v\n", made)
		} else {
			fmt.Fprintf(p.stdout, "nothing was made: the database has %v\n", after)
		}
		return nil
	}, (*Server).openDatabase, (*Server).migrate, (*Server).makeEngine)
}

// counts are how many rows there are, by tables, in the order of the design.
type counts []counted

type counted struct {
	table string
	rows  int64
}

// countRows counts the rows of all entities but histories, which follow from the others.
func (s *Server) countRows(ctx context.Context) (counts, error) {
	rows, err := s.engine.CountRows(ctx)
	if err != nil {
		return nil, err
	}
	var out counts
	for i, e := range s.service.Backend.Entities {
		if e.HistoryOf == "" {
			out = append(out, counted{e.Table, rows[i]})
		}
	}
	return out, nil
}

func (c counts) any() bool {
	for _, one := range c {
		if one.rows != 0 {
			return true
		}
	}
	return false
}

// less is what has come since other was counted.
func (c counts) less(other counts) counts {
	out := make(counts, len(c))
	for i, one := range c {
		out[i] = one
		out[i].rows -= other[i].rows
	}
	return out
}

// String names what there is: "3 users, 180 order lines".
func (c counts) String() string {
	var parts []string
	for _, one := range c {
		if one.rows != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.rows, strings.ReplaceAll(one.table, "_", " ")))
		}
	}
	if parts == nil {
		return "no rows"
	}
	return strings.Join(parts, ", ")
}
