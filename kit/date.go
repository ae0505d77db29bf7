package kit

import (
	"fmt"
	"strings"
	"time"
)

// Date is a day of the calendar, without a place.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD (RFC 3339, full-date).
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: want YYYY-MM-DD", text)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// TimeOfDay is a time on the wall clock, without a day or a place: the time since midnight, in whole microseconds.
type TimeOfDay time.Duration

// ParseTimeOfDay reads HH:MM, HH:MM:SS or HH:MM:SS.ffffff.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	for _, layout := range []string{"15:04:05.999999", "15:04"} {
		if len(text) < len("15:04") || text[2] != ':' || strings.Contains(text, ",") {
			break // Go reads 9:30 and 09:30:00,5 too
		}
		if t, err := time.Parse(layout, text); err == nil {
			midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
			return TimeOfDay(t.Sub(midnight).Truncate(time.Microsecond)), nil
		}
	}
	return 0, fmt.Errorf("time %q: want HH:MM or HH:MM:SS", text)
}

func (t TimeOfDay) String() string {
	text := time.Time{}.Add(time.Duration(t)).Format("15:04:05.000000")
	if text[8:] == ".000000" {
		return text[:8]
	}
	return text
}

// MarshalText writes HH:MM:SS, with microseconds where there are any.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTimeOfDay reads.
func (t *TimeOfDay) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTimeOfDay(string(text))
	return err
}
