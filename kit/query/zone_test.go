package query_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func testZones(w *world) {
	note := func(pairs ...any) kit.ID {
		return w.create(w.ann, false, "Note", append([]any{"notebook", w.create(w.ann, false, "Notebook"), "text", "x"}, pairs...)...)
	}
	for _, test := range []struct{ day, clock, zone, rings, again string }{
		{"2030-06-01", "09:00", "Europe/Rome", "2030-06-01T07:00:00Z", "2030-06-01T10:00:00Z"},
		{"2030-12-01", "09:00", "Europe/Rome", "2030-12-01T08:00:00Z", "2030-12-01T11:00:00Z"},
		{"2030-01-01", "00:00", "Asia/Kathmandu", "2029-12-31T18:15:00Z", "2030-01-01T06:15:00Z"},
		{"2030-01-01", "23:59:59.999999", "America/New_York", "2030-01-02T04:59:59.999999Z", "2030-01-01T17:00:00Z"},
		{"2030-01-01", "01:00", "Pacific/Kiritimati", "2029-12-31T11:00:00Z", "2029-12-31T22:00:00Z"},
		{"2024-03-31", "01:59", "Europe/Rome", "2024-03-31T00:59:00Z", "2024-03-31T10:00:00Z"},
		{"2024-03-31", "02:30", "Europe/Rome", "2024-03-31T01:30:00Z", "2024-03-31T10:00:00Z"}, // skipped: 03:30
		{"2024-03-31", "03:00", "Europe/Rome", "2024-03-31T01:00:00Z", "2024-03-31T10:00:00Z"},
		{"2024-10-27", "01:59", "Europe/Rome", "2024-10-26T23:59:00Z", "2024-10-27T11:00:00Z"},
		{"2024-10-27", "02:30", "Europe/Rome", "2024-10-27T01:30:00Z", "2024-10-27T11:00:00Z"}, // twice: the second
		{"2024-10-27", "03:00", "Europe/Rome", "2024-10-27T02:00:00Z", "2024-10-27T11:00:00Z"},
		{"2018-11-04", "00:00", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T14:00:00Z"}, // skipped: 01:00
		{"2024-04-07", "01:45", "Australia/Lord_Howe", "2024-04-06T15:15:00Z", "2024-04-07T01:30:00Z"},
		{"2011-12-30", "12:00", "Pacific/Apia", "2011-12-30T22:00:00Z", "2011-12-30T22:00:00Z"}, // no such day there: the next
		{"2030-07-01", "09:00", "CET", "2030-07-01T08:00:00Z", "2030-07-01T11:00:00Z"},          // an abbreviation
		{"2030-07-01", "09:00", "UTC", "2030-07-01T09:00:00Z", "2030-07-01T12:00:00Z"},
	} {
		day, err := kit.ParseDate(test.day)
		must(err)
		clock, err := kit.ParseTimeOfDay(test.clock)
		must(err)
		id := note("day", day, "at", clock, "zone", test.zone)
		row, err := w.get(w.ann, w.sel("Note", "rings", "ringsAgain"), id)
		must(err)
		got := fmt.Sprint(row.Values[0].(time.Time).Format(time.RFC3339Nano), " ", row.Values[1].(time.Time).Format(time.RFC3339Nano))
		if got != test.rings+" "+test.again {
			w.Errorf("%s %s in %s is %s, want %s %s", test.day, test.clock, test.zone, got, test.rings, test.again)
		}
	}
	id := note("day", kit.Date{Year: 2030, Month: 6, Day: 1}, "zone", "Europe/Rome")
	if alarm := w.row(w.ann, "Note", id)["alarm"]; !alarm.(time.Time).Equal(time.Date(2030, 6, 1, 4, 0, 0, 0, time.UTC)) {
		w.Errorf("the alarm is at %v", alarm)
	}
	if alarm := w.row(w.ann, "Note", note())["alarm"]; alarm != nil {
		w.Errorf("the alarm of no day is at %v", alarm)
	}
	id = note("at", kit.TimeOfDay(0), "zone", "UTC")
	row, err := w.get(w.ann, w.sel("Note", "rings", "ringsAgain"), id)
	must(err)
	if row.Values[0] != nil || row.Values[1] != nil {
		w.Errorf("of no day: %v", row.Values)
	}
	s := w.sel("Note", "text")
	s.Where, s.Count = meta.Lt(meta.This("rings"), meta.Const("2018-11-04T03:00:01Z")), true
	if n := w.list(w.ann, s).Total; n != 2 {
		w.Errorf("%d ring before, want 2", n)
	}
}

// Both databases know the same clocks: around all changes of some zones, as far as their rules are old.
func TestZonesAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("asks about thousands of instants")
	}
	const around = 36
	var days, clocks, zones []string
	for _, zone := range []string{
		"Europe/Rome", "Europe/Dublin", "Europe/Lisbon", "America/New_York", "America/Caracas", "America/Sao_Paulo", "America/St_Johns",
		"Africa/Windhoek", "Asia/Kathmandu", "Asia/Pyongyang", "Asia/Gaza", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia",
		"Pacific/Chatham", "EST5EDT", "CET", "EET", "MET", "WET", "EST", "MST", "HST", "GMT", "UTC", "Etc/GMT+5",
	} {
		place, err := time.LoadLocation(zone)
		must(err)
		changes := []time.Time{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
		for at := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).In(place); at.Year() < 2022; {
			_, end := at.ZoneBounds()
			if end.IsZero() {
				break
			}
			changes = append(changes, end)
			at = end
		}
		for _, change := range changes {
			_, offset := change.Add(-time.Second).Zone()
			wall := change.UTC().Add(time.Duration(offset) * time.Second)
			for i := -around; i <= around; i++ {
				at := wall.Add(time.Duration(i) * 30 * time.Minute)
				days, clocks, zones = append(days, at.Format(time.DateOnly)), append(clocks, at.Format("15:04:05.000000")), append(zones, zone)
			}
		}
	}
	answers := map[string][]int64{}
	for _, d := range databases(t)[:2] {
		db := d.open(t)
		must(db.Write(t.Context(), func(c sqldb.Conn) error {
			for i := range days {
				sql := "SELECT at_zone($1, $2, $3)"
				if d.name == "postgres" {
					sql = "SELECT (extract(epoch FROM (($1::date + $2::time) AT TIME ZONE $3)) * 1000000)::bigint"
				}
				rows, err := c.Query(context.Background(), sql, days[i], clocks[i], zones[i])
				if err != nil {
					return err
				}
				var micros int64
				rows.Next()
				if err := rows.Scan(&micros); err != nil {
					return err
				}
				rows.Close()
				answers[d.name] = append(answers[d.name], micros)
			}
			return nil
		}))
	}
	wrong := 0
	for i := range days {
		if lite, pg := answers["sqlite"][i], answers["postgres"][i]; lite != pg {
			if wrong++; wrong < 10 {
				t.Errorf("%s %s in %s: %s on SQLite, %s on PostgreSQL", days[i], clocks[i], zones[i], time.UnixMicro(lite).UTC(), time.UnixMicro(pg).UTC())
			}
		}
	}
	t.Logf("%d instants, %d differ", len(days), wrong)
}
