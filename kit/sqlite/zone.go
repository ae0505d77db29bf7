package sqlite

import (
	"database/sql/driver"
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // a container may have no zone files

	engine "modernc.org/sqlite"
)

// at is the function at_zone of SQL: the instant of a time of day, on a day, in a time zone. The day is a date, or the one
// on which an instant falls there. Null gives null.
func at() func(*engine.FunctionContext, []driver.Value) (driver.Value, error) {
	var known zones
	return func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == nil || args[1] == nil || args[2] == nil {
			return nil, nil
		}
		zone, err := known.named(args[2])
		if err != nil {
			return nil, err
		}
		day, err := dayOf(args[0], zone)
		if err != nil {
			return nil, err
		}
		clock, _ := args[1].(string)
		since, err := time.Parse("15:04:05.999999", clock)
		if err != nil {
			return nil, err
		}
		wall := time.Date(day.Year(), day.Month(), day.Day(), since.Hour(), since.Minute(), since.Second(), since.Nanosecond(), time.UTC)
		return onTheWall(wall, zone).UnixMicro(), nil
	}
}

// periodStart is the function period_start of SQL: the first day of the day, week, month or year in which an instant falls in
// a time zone, or a date. Null gives null.
func periodStart() func(*engine.FunctionContext, []driver.Value) (driver.Value, error) {
	var known zones
	return func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == nil {
			return nil, nil
		}
		zone, err := known.named(args[1])
		if err != nil {
			return nil, err
		}
		day, err := dayOf(args[0], zone)
		if err != nil {
			return nil, err
		}
		year, month, date := day.Date()
		switch args[2] {
		case "week":
			date -= (int(day.Weekday()) + 6) % 7
		case "month":
			date = 1
		case "year":
			month, date = time.January, 1
		}
		first := time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
		switch { // the days that there are
		case first.Year() < 1:
			first = time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)
		case first.Year() > 9999:
			first = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)
		}
		return first.Format(time.DateOnly), nil
	}
}

// zones are those that were asked for, by name.
type zones struct{ known sync.Map }

func (z *zones) named(value driver.Value) (*time.Location, error) {
	name, _ := value.(string)
	if zone, ok := z.known.Load(name); ok {
		return zone.(*time.Location), nil
	}
	found, err := zoneOf(name)
	if err != nil {
		return nil, err
	}
	zone, _ := z.known.LoadOrStore(name, found)
	return zone.(*time.Location), nil
}

// abbreviations are names of zones that PostgreSQL takes for abbreviations, which have one offset all year: its answer
// has to be SQLite's.
var abbreviations = map[string]int{"CET": 1, "EET": 2, "EST": -5, "HST": -10, "MET": 1, "MST": -7, "WET": 0}

func zoneOf(name string) (*time.Location, error) {
	if hours, ok := abbreviations[name]; ok {
		return time.FixedZone(name, hours*60*60), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone", name)
	}
	return time.LoadLocation(name)
}

func dayOf(value driver.Value, zone *time.Location) (time.Time, error) {
	switch day := value.(type) {
	case string:
		return time.Parse(time.DateOnly, day)
	case int64:
		return time.UnixMicro(day).In(zone), nil
	}
	return time.Time{}, fmt.Errorf("%v is no day", value)
}

// onTheWall is the instant at which clocks of a zone show wall, whose own zone is UTC. What clocks skip is counted on from
// before they were set, so that 02:30 is 03:30; of what they show twice it is the second time. PostgreSQL does the same
// (DetermineTimeZoneOffset): it looks at the first change after the day before.
func onTheWall(wall time.Time, zone *time.Location) time.Time {
	dayBefore := wall.Add(-24 * time.Hour).In(zone)
	_, change := dayBefore.ZoneBounds()
	if after := as(wall, change); !change.IsZero() && !after.Before(change) {
		return after
	}
	return as(wall, dayBefore)
}

// as is the instant at which clocks that are set as at another instant show wall.
func as(wall, other time.Time) time.Time {
	_, offset := other.Zone()
	return wall.Add(-time.Duration(offset) * time.Second)
}
