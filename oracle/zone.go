package oracle

import "time"

// atZone is the instant at which clocks of a zone show a time, on a date or on the day of an instant there. What is skipped
// is counted on from before, of what comes twice it is the second.
func atZone(day, clock Value, zone string) Value {
	where, err := time.LoadLocation(zone)
	if err != nil {
		panic(zone)
	}
	date := ""
	switch day := day.(type) {
	case Day:
		date = string(day)
	case time.Time:
		date = day.In(where).Format(time.DateOnly)
	}
	shown, err := time.Parse(time.DateTime, date+" "+string(clock.(Clock)))
	if err != nil {
		panic(err)
	}
	offset := func(at time.Time) time.Duration {
		_, seconds := at.In(where).Zone()
		return time.Duration(seconds) * time.Second
	}
	before, after := shown.Add(-offset(shown.Add(-36*time.Hour))), shown.Add(-offset(shown.Add(36*time.Hour)))
	if offset(after) == shown.Sub(after) {
		return after
	}
	return before
}
