package recipe

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/design"
)

var softDelete = &Recipe{
	Name:    "soft-delete",
	Title:   "what is deleted is hidden, can be restored for 30 days, and is erased then",
	Takes:   "TYPE...",
	Example: "fettle add soft-delete Note",
	phrases: []string{"soft delete", "soft deleted", "soft deletion", "restore", "undelete", "trash", "recycle bin", "undo delete"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error {
			if t == e.account() {
				return fmt.Errorf("%s is the account: deleting an account is more than hiding it", t.Name)
			}
			e.addDirective(t.Name, "softDelete", `(keep: "30d")`)
			return nil
		})
	},
}

var history = &Recipe{
	Name:    "history",
	Title:   "who changed what and when is kept, and read as the row is",
	Takes:   "TYPE...",
	Example: "fettle add history Note",
	phrases: []string{"history", "keep history", "keep a history", "audit", "audit log", "keep an audit log", "audit trail", "keep an audit trail", "who changed", "change log", "changelog"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error {
			e.addDirective(t.Name, "history", "")
			return nil
		})
	},
}

var pagination = &Recipe{
	Name:    "pagination",
	Title:   "lists come in pages by a stable key, newest first: 20 rows unless asked, 100 at most",
	Takes:   "TYPE...",
	Example: "fettle add pagination Note",
	phrases: []string{"pagination", "paginate", "paging", "page by page", "page size"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error {
			page := design.Find(t.Directives, "page")
			if page == nil {
				e.addDirective(t.Name, "page", "(size: 20, max: 100, order: [createdAt_DESC])")
				return nil
			}
			var missing []string
			for _, arg := range []string{"size: 20", "max: 100"} {
				if name, _, _ := strings.Cut(arg, ":"); page.Arg(name) == nil {
					missing = append(missing, arg)
				}
			}
			if len(missing) > 0 {
				e.insert(page.Args[0].Pos, strings.Join(missing, ", ")+", ")
			}
			return nil
		})
	},
}

var noOverlap = &Recipe{
	Name:    "no-overlap",
	Title:   "no two rows have spans of time that overlap: the database refuses the second",
	Takes:   "TYPE, or TYPE.FIELD with the reference within which spans are kept apart; and FROM UNTIL, the fields that are the span, unless startsAt and endsAt are",
	Example: "fettle add no-overlap Booking.room",
	phrases: []string{"overlap", "no overlap", "double booking", "overlapping", "booked twice"},
	apply:   keepApart,
}

func keepApart(e *editor, args []string) error {
	if len(args) != 1 && len(args) != 3 {
		return e.usage()
	}
	of, per, found := strings.Cut(args[0], ".")
	t, err := e.entity(of)
	if err != nil {
		return err
	}
	if found {
		_, f, err := e.fieldAt(args[0])
		if err != nil {
			return err
		}
		if f.Type.List {
			return fmt.Errorf("%s:%d: %s is a list", f.Pos.File, f.Pos.Line, per)
		}
		if err := e.column(f); err != nil {
			return err
		}
		if of := e.typ(f.Type.Name); of != nil && of.Kind != design.Enum && of.Kind != design.Scalar && design.Find(of.Directives, "entity") == nil {
			return fmt.Errorf("%s:%d: %s is a %s: spans are kept apart within a reference or a scalar", f.Pos.File, f.Pos.Line, per, of.Name)
		}
	}
	if design.Find(t.Directives, "noOverlap") != nil {
		return nil
	}
	from, until := "startsAt", "endsAt"
	if len(args) == 3 {
		from, until = args[1], args[2]
	} else if field(t, from) == nil && field(t, until) == nil {
		return fmt.Errorf("%s:%d: %s has no span of time: name the fields that are one, which are written where they are not there: fettle add no-overlap %s %s %s%s",
			t.Pos.File, t.Pos.Line, t.Name, args[0], from, until, moments(t))
	}
	if err := e.span(t, from, until); err != nil {
		return err
	}
	arg := ""
	if found {
		arg = fmt.Sprintf(", per: [%s]", per)
	}
	e.addDirective(t.Name, "noOverlap", fmt.Sprintf("(from: %s, until: %s%s)", from, until, arg))
	return nil
}

// span writes what a type lacks of the two fields that are a span of time.
func (e *editor) span(t *design.Type, from, until string) error {
	kind := ""
	for _, name := range []string{from, until} {
		f := field(t, name)
		switch {
		case !fieldName.MatchString(name) || from == until:
			return fmt.Errorf("a span is from one field until another, such as startsAt endsAt")
		case f == nil:
			continue
		case f.Type.Name != "DateTime" && f.Type.Name != "Date" || f.Type.List:
			return fmt.Errorf("%s:%d: %s is a %s, not a DateTime", f.Pos.File, f.Pos.Line, name, f.Type.Name)
		case kind != "" && kind != f.Type.Name:
			return fmt.Errorf("%s:%d: %s is a %s, and %s a %s: a span is of one kind", f.Pos.File, f.Pos.Line, name, f.Type.Name, from, kind)
		}
		if err := stored(f); err != nil {
			return err
		}
		kind = f.Type.Name
	}
	if kind == "" {
		kind = "DateTime"
	}
	for _, name := range []string{from, until} {
		e.addField(t.Name, name, kind, "")
	}
	return nil
}

// moments name the fields of a type that may be an end of a span, for errors.
func moments(t *design.Type) string {
	var names []string
	for _, f := range t.Fields {
		if (f.Type.Name == "DateTime" || f.Type.Name == "Date") && !f.Type.List && stored(f) == nil {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it has " + strings.Join(names, ", ")
}
