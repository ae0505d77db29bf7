package rest

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// tell says in the answer's headers that the caller uses something that goes, and when: Deprecation (RFC 9745), Sunset (RFC
// 8594) and links to where it is told. Of several things it tells the earliest days. Where no day is known since when, it says the
// epoch: the field is a date, and has no other way to say that it is past.
func (c *call) tell(d *meta.Deprecation) {
	if d == nil || slices.Contains(c.told, d) {
		return
	}
	first := len(c.told) == 0
	c.told = append(c.told, d)
	h := c.w.Header()
	if first || d.Since != 0 && (c.going.Since == 0 || d.Since < c.going.Since) {
		c.going.Since = d.Since
		h.Set("Deprecation", "@"+strconv.FormatInt(d.Since, 10))
	}
	if d.On != 0 && (c.going.On == 0 || d.On < c.going.On) {
		c.going.On = d.On
		h.Set("Sunset", time.Unix(d.On, 0).UTC().Format(http.TimeFormat))
	}
	if d.See != "" {
		h.Add("Link", "<"+d.See+`>; rel="deprecation"; type="text/html"`)
		if d.On != 0 {
			h.Add("Link", "<"+d.See+`>; rel="sunset"; type="text/html"`)
		}
	}
}

// tellSent is tell for the fields that a body has.
func (c *call) tellSent(fields []*meta.Field, object input.Object) {
	for _, f := range fields {
		value, sent := object[f.Name]
		if !sent {
			continue
		}
		c.tell(f.Deprecated)
		c.tellValue(f, value)
	}
}

// tellValue is tell for the values of enums, in the tree of what a field is set to or compared with.
func (c *call) tellValue(f *meta.Field, tree any) {
	switch v := tree.(type) {
	case []any:
		for _, element := range v {
			c.tellValue(f, element)
		}
	case input.Object:
		c.tellSent(f.Fields, v)
	case string:
		if f.Kind == meta.EnumKind {
			c.tell(f.Enum().Deprecated[v])
		}
	}
}
