package feed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A message is a verb by its number, an entity and ids, with blanks between: "1 Message 0191… 0192…". One that has "*" for
// ids says that too many rows were written to name them.

// maxNamed is how many rows of one entity a transaction names.
const maxNamed = 200

const many = "*"

// messages is what a transaction sends: a text for each entity and verb.
func messages(changes []Change) []string {
	type key struct {
		verb   meta.Verb
		entity string
	}
	ids := map[key][]string{}
	var order []key
	for _, c := range changes {
		k := key{c.Verb, c.Entity}
		if ids[k] == nil {
			order = append(order, k)
		}
		ids[k] = append(ids[k], string(c.ID))
	}
	texts := make([]string, 0, len(order))
	for _, k := range order {
		head := strconv.Itoa(int(k.verb)) + " " + k.entity + " "
		text := head + many
		if len(ids[k]) <= maxNamed {
			if named := head + strings.Join(ids[k], " "); len(named) <= sqldb.MaxMessage {
				text = named
			}
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// readMessage reads what messages wrote. Where rows are not named there are no changes.
func readMessage(text string) (entity string, changes []Change, err error) {
	parts := strings.Split(text, " ")
	if len(parts) < 3 {
		return "", nil, fmt.Errorf("message %q: want a verb, an entity and ids", text)
	}
	verb, err := strconv.Atoi(parts[0])
	if err != nil || verb < 0 || verb > int(meta.Delete) {
		return "", nil, fmt.Errorf("message %q: no verb %q", text, parts[0])
	}
	entity = parts[1]
	if parts[2] == many {
		return entity, nil, nil
	}
	for _, id := range parts[2:] {
		changes = append(changes, Change{entity, meta.Verb(verb), kit.ID(id)})
	}
	return entity, changes, nil
}
