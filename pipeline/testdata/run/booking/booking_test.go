package service_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"example.com/booking/app"
	"example.com/booking/booking"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
)

// court is a service with a court for four that is open from nine to twelve on every day, in Rome.
func court(t *testing.T, test func(w *world, court string, ada, alan, staff client)) {
	onBoth(t, func() server.Service { return app.New(booking.New()) }, func(w *world) {
		var id kit.ID
		w.system(func(ctx context.Context, qtx *query.Tx) (err error) {
			tx := booking.NewTx(qtx)
			site, err := tx.Sites.Create(ctx, booking.NewSite{Name: "Club", Zone: "Europe/Rome"})
			if err != nil {
				return err
			}
			hour := time.Hour
			price := booking.Money{Amount: kit.NewDecimal(20), Currency: "EUR"}
			if id, err = tx.Resources.Create(ctx, booking.NewResource{Site: site, Name: "Court", Capacity: 4, Slot: &hour, Price: price}); err != nil {
				return err
			}
			for _, day := range []booking.Weekday{"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"} {
				opens, closes := kit.TimeOfDay(9*time.Hour), kit.TimeOfDay(12*time.Hour)
				if _, err := tx.Openings.Create(ctx, booking.NewOpening{Resource: id, Day: day, Opens: opens, Closes: closes}); err != nil {
					return err
				}
			}
			return nil
		})
		test(w, string(id), guest(w, "ada", booking.RoleGuest), guest(w, "alan", booking.RoleGuest), guest(w, "sam", booking.RoleStaff))
	})
}

func guest(w *world, name string, role booking.Role) client {
	return w.person(name, func(ctx context.Context, tx *query.Tx, email string) (kit.ID, error) {
		return booking.NewTx(tx).Users.Create(ctx, booking.NewUser{Email: email, Name: name, Role: &role})
	})
}

// soon is some days from now, at an hour of UTC.
func soon(days, hour int) time.Time {
	return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(time.Duration(hour) * time.Hour)
}

func at(court string, from time.Time, hours int, guests int) object {
	return object{"resource": court, "startsAt": from.Format(time.RFC3339), "endsAt": from.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339), "guests": guests}
}

func TestNoTwoBookingsOverlap(t *testing.T) {
	court(t, func(w *world, court string, ada, alan, staff client) {
		first := ada.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 10), 2, 2))
		alan.refused(http.StatusConflict, "TAKEN", "POST", "/v1/book", at(court, soon(9, 11), 1, 2))
		alan.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 12), 1, 2)) // neighbours
		ada.want(http.StatusOK, "POST", "/v1/bookings/"+first["id"].(string)+"/cancel", nil)
		alan.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 11), 1, 2)) // a cancelled one holds nothing

		var taken sync.WaitGroup
		statuses := make([]int, 6)
		for i := range statuses {
			taken.Go(func() { statuses[i], _ = ada.call("POST", "/v1/book", at(court, soon(10, 9), 1, 1)) })
		}
		taken.Wait()
		won := 0
		for _, status := range statuses {
			if status == http.StatusOK {
				won++
			} else if status != http.StatusConflict {
				t.Errorf("a booking at the same time was answered %d", status)
			}
		}
		if won != 1 {
			t.Errorf("%d of six bookings at one time were taken", won)
		}
	})
}

func TestBookingsFollowTheirFlow(t *testing.T) {
	court(t, func(w *world, court string, ada, alan, staff client) {
		made := ada.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 10), 1, 2))
		path := "/v1/bookings/" + made["id"].(string)
		ada.same(made["status"], "HELD")
		alan.want(http.StatusNotFound, "GET", path, nil)
		alan.want(http.StatusNotFound, "POST", path+"/confirm", nil)
		ada.same(ada.want(http.StatusOK, "POST", path+"/confirm", nil)["status"], "CONFIRMED")
		staff.same(staff.want(http.StatusOK, "POST", path+"/cancel", nil)["status"], "CANCELLED")
		ada.refused(http.StatusConflict, "FLOW", "POST", path+"/confirm", nil)
		verbs := []any{}
		for _, entry := range ada.items(3, path+"/history?order=version") {
			verbs = append(verbs, entry["changes"].(object)["status"])
		}
		ada.same(verbs, []any{"HELD", "CONFIRMED", "CANCELLED"})
	})
}

func TestCancellingInTimeIsFree(t *testing.T) {
	court(t, func(w *world, court string, ada, alan, staff client) {
		early := ada.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 10), 1, 2))
		late := ada.want(http.StatusOK, "POST", "/v1/book", at(court, time.Now().UTC().Truncate(time.Hour).Add(3*time.Hour), 1, 2))
		ada.same([]any{early["free"], late["free"]}, []any{true, false})
		ada.items(1, "/v1/bookings?free=true")
		ada.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/bookings/"+late["id"].(string)+"/move", object{"startsAt": soon(8, 10)})
		moved := ada.want(http.StatusOK, "POST", "/v1/bookings/"+early["id"].(string)+"/move", object{"startsAt": soon(8, 10)})
		ada.same(moved["endsAt"], soon(8, 11))
		ada.same(ada.want(http.StatusOK, "POST", "/v1/bookings/"+early["id"].(string)+"/cancel", nil)["fee"], nil)
		fee := ada.want(http.StatusOK, "POST", "/v1/bookings/"+late["id"].(string)+"/cancel", nil)["fee"].(object)
		ada.same(fee["currency"], "EUR")
		for _, c := range []struct {
			booking object
			free    bool
		}{{early, true}, {late, false}} {
			told := w.emitted("BookingCancelled", c.booking["id"].(string))
			if len(told) != 1 || told[0]["booking"] != c.booking["id"] || told[0]["free"] != c.free {
				t.Errorf("of booking %v is told %v", c.booking["id"], told)
			}
		}
	})
}

func TestNoMoreGuestsThanFit(t *testing.T) {
	court(t, func(w *world, court string, ada, alan, staff client) {
		ada.refused(http.StatusUnprocessableEntity, "TOO_MANY_GUESTS", "POST", "/v1/book", at(court, soon(9, 10), 1, 5))
		ada.refused(http.StatusUnprocessableEntity, "TOO_SMALL", "POST", "/v1/book", at(court, soon(9, 10), 1, 0))
		ada.want(http.StatusOK, "POST", "/v1/book", at(court, soon(9, 10), 1, 4))
		ada.refused(http.StatusConflict, "IN_THE_PAST", "POST", "/v1/book", at(court, soon(-1, 10), 1, 1))
		half := at(court, soon(9, 12), 1, 1)
		half["endsAt"] = soon(9, 12).Add(90 * time.Minute)
		ada.refused(http.StatusConflict, "NOT_ON_A_SLOT", "POST", "/v1/book", half)
	})
}

func TestSlotsAreOnTheClockOfTheSite(t *testing.T) {
	court(t, func(w *world, court string, ada, alan, staff client) {
		winter := client{t: w.T, url: w.url}.want(http.StatusOK, "GET", "/v1/resources/"+court+"/slots?on=2031-01-10", nil)["items"].([]any)
		ada.same(winter[0].(object)["startsAt"], "2031-01-10T08:00:00Z")
		summer := ada.want(http.StatusOK, "GET", "/v1/resources/"+court+"/slots?on=2031-07-10", nil)["items"].([]any)
		ada.same(summer[0].(object)["startsAt"], "2031-07-10T07:00:00Z")
		ada.want(http.StatusOK, "POST", "/v1/book", at(court, time.Date(2031, 7, 10, 8, 0, 0, 0, time.UTC), 1, 2))
		staff.want(http.StatusCreated, "POST", "/v1/closures", object{"resource": court, "startsAt": "2031-07-10T07:30:00Z", "endsAt": "2031-07-10T08:00:00Z"})
		staff.want(http.StatusConflict, "POST", "/v1/closures", object{"resource": court, "startsAt": "2031-07-10T07:45:00Z", "endsAt": "2031-07-10T09:00:00Z"})
		left := ada.want(http.StatusOK, "GET", "/v1/resources/"+court+"/slots?on=2031-07-10", nil)["items"].([]any)
		if len(left) != 1 || left[0].(object)["startsAt"] != "2031-07-10T09:00:00Z" {
			t.Errorf("free are %v", left)
		}
		ada.refused(http.StatusConflict, "CLOSED", "POST", "/v1/book", at(court, time.Date(2031, 7, 10, 7, 0, 0, 0, time.UTC), 1, 2))
	})
}
