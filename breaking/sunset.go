package breaking

import (
	"slices"
	"time"

	"github.com/fettlehq/fettle/model"
)

// sunsets tells of ends that come sooner than was promised, but for those of fields of entities and of operations.
func (c *promises) sunsets() {
	for _, was := range c.before.Entities {
		if is := c.now(was); is != nil {
			c.sunset(is.Name, "", was.Sunset, is.Sunset)
		}
	}
	types := map[string]*model.Struct{}
	enums := map[string]*model.Enum{}
	for _, module := range c.before.Modules {
		for _, s := range slices.Concat(module.Values, module.Inputs) {
			types[s.Name] = s
		}
		for _, e := range module.Enums {
			enums[e.Name] = e
		}
	}
	for _, module := range c.after.Modules {
		for _, is := range slices.Concat(module.Values, module.Inputs) {
			if was := types[is.Name]; was != nil {
				for _, f := range is.Fields {
					if before := field(was.Fields, f); before != nil {
						c.sunset(is.Name, f.Name, before.Sunset, f.Sunset)
					}
				}
			}
		}
		for _, is := range module.Enums {
			was := enums[is.Name]
			if was == nil {
				was = enums[is.Former]
			}
			if was == nil {
				continue
			}
			for _, v := range is.Values {
				at := slices.IndexFunc(was.Values, func(before model.EnumValue) bool { return before.Name == v.Name || before.Name == v.Former })
				if at >= 0 {
					c.sunset(is.Name, v.Name, was.Values[at].Sunset, v.Sunset)
				}
			}
		}
	}
}

// sunset tells of an end that comes sooner than was promised, and of one that is said when it is past.
func (c *promises) sunset(typ, member string, was, is *model.Sunset) {
	name := member
	if name == "" {
		name = typ
	}
	switch {
	case is == nil || is.On.IsZero():
	case was != nil && !was.On.IsZero():
		if is.On.Before(was.On) && was.On.After(c.today) {
			c.add("SUNSET_SOONER", typ, member, "%s was promised until %s and goes on %s", name, was.On.Format(time.DateOnly), is.On.Format(time.DateOnly))
		}
	case !is.On.After(c.today):
		c.add("SUNSET_PAST", typ, member, "%s goes on %s, which is past: nobody was told before", name, is.On.Format(time.DateOnly))
	}
}
