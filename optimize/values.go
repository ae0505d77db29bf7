package optimize

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/pgsql"
)

// Values for parameters are of the statistics of the column that they are compared with. Of expressions, and of where ranges begin and end,
// PostgreSQL has none that everybody may see: the clone is asked for some of its rows. Where nothing comes for a value, nothing is
// measured that says something.

// compared is what is known of the column or the expression that a parameter is compared with.
func (c *Catalog) compared(t *Table, use pgsql.Use, of parameterType) *Column {
	column := t.column(cmp.Or(use.Column.Name, use.Cast))
	switch {
	case column == nil && use.Key != "" && use.Column.Name == "":
		return c.ask(t, use.Key)
	case column == nil || !strings.HasSuffix(column.Type, "range"):
		return column
	case strings.HasSuffix(of.base, "range"):
		if known := c.ask(t, pgsql.Ident(column.Name)); known != nil {
			return known
		}
	case use.Place == "to":
		return c.ask(t, "upper("+pgsql.Ident(column.Name)+")")
	default:
		return c.ask(t, "lower("+pgsql.Ident(column.Name)+")")
	}
	return column
}

func (c *Catalog) ask(t *Table, expression string) *Column {
	if c.asked == nil || t.Kind == "v" {
		return nil
	}
	return c.asked(t, expression)
}

// ofRange are the functions that tell where a range ends.
var ofRange = regexp.MustCompile(`^(?:lower|upper)\((.*)\)$`)

// endOf is an expression, or the range that it is an end of.
func endOf(expression string) string {
	if match := ofRange.FindStringSubmatch(expression); match != nil {
		return match[1]
	}
	return expression
}

// The networks that are asked for, where the column has single addresses.
const (
	network4 = 24 // bits
	network6 = 64
)

// asOperand makes of a column's value what it is compared with by an operator: of a list one of its values, of an address its network.
func asOperand(text string, column *Column, use pgsql.Use, of parameterType) string {
	switch {
	case strings.HasSuffix(column.Type, "[]") && !strings.HasSuffix(of.base, "[]"):
		first, _, _ := strings.Cut(strings.Trim(text, "{}"), ",")
		return strings.Trim(first, `"`)
	case networks.MatchString(column.Type) && strings.HasPrefix(use.Op, "<<"):
		address, err := netip.ParseAddr(text)
		if err != nil {
			return text // a network already
		}
		bits := network4
		if address.Is6() {
			bits = network6
		}
		network, _ := address.Prefix(bits)
		return network.String()
	}
	return text
}

// The bounds of what the clone is asked for.
const (
	sampledRows = 20_000
	quantiles   = 100
)

// sampling asks the clone for values of expressions, each once.
func (r *run) sampling(ctx context.Context) func(t *Table, expression string) *Column {
	known := map[string]*Column{}
	return func(t *Table, expression string) *Column {
		text := fmt.Sprintf("SELECT v::text FROM (SELECT %s AS v FROM %s TABLESAMPLE SYSTEM (%g) REPEATABLE (1) LIMIT %d) s WHERE v IS NOT NULL ORDER BY v",
			expression, t.ID, min(100, 100*sampledRows/max(1, t.Rows)), sampledRows)
		if column, is := known[text]; is {
			return column
		}
		known[text] = nil
		parsed, err := pgsql.Parse(text)
		if err != nil || r.catalog.runnable(parsed) != "" {
			return nil
		}
		var values []string
		err = r.clone.inside(ctx, func() error {
			if _, err := r.clone.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", runLimit.Milliseconds())); err != nil {
				return err
			}
			rows, err := r.clone.Query(ctx, text)
			if err == nil {
				values, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			return err
		})
		if err != nil || len(values) == 0 {
			return nil // it is done without
		}
		known[text] = columnOf(values)
		return known[text]
	}
}

// columnOf is what is known of a column by some of its values, in their order.
func columnOf(values []string) *Column {
	c := &Column{Known: true}
	for i := range quantiles + 1 {
		c.Histogram = append(c.Histogram, values[i*(len(values)-1)/quantiles])
	}
	counts := map[string]int{}
	for _, value := range values {
		counts[value]++
	}
	usual := len(values) / len(counts)
	for _, value := range sortedNames(counts) {
		if counts[value] > 2*usual {
			c.Common = append(c.Common, value)
		}
	}
	slices.SortStableFunc(c.Common, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for _, value := range c.Common {
		c.Frequencies = append(c.Frequencies, float64(counts[value])/float64(len(values)))
	}
	c.Distinct = float64(len(counts))
	return c
}
