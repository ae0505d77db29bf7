package typed

import (
	"github.com/fettlehq/fettle/kit/query"
)

// Links is what a patch does to a many-to-many list without a bound: the rows to link and to unlink, by id or, where the
// design lets a name make a row, by key. The others stay. The zero Links does nothing.
type Links[T ~string] struct{ Link, Unlink []T }

// SetLinks sets a list to rows that are linked and unlinked.
func SetLinks[T ~string](c *Changes, list string, links Links[T]) {
	if len(links.Link)+len(links.Unlink) > 0 {
		c.Set(list, query.Links{Link: IDs(links.Link), Unlink: IDs(links.Unlink)})
	}
}
