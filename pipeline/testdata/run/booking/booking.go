package booking

import (
	"context"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// Slots is the free parts of a day, on the wall clock of the site.
func (b *Business) Slots(ctx context.Context, tx Tx, resource Resource, on kit.Date) ([]Slot, error) {
	site, err := tx.Sites.Get(ctx, resource.Site)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(site.Zone)
	if err != nil {
		return nil, err
	}
	clock := func(t kit.TimeOfDay) time.Time {
		return time.Date(on.Year, on.Month, on.Day, 0, 0, 0, 0, zone).Add(time.Duration(t)).UTC()
	}
	day := [...]Weekday{WeekdaySun, WeekdayMon, WeekdayTue, WeekdayWed, WeekdayThu, WeekdayFri, WeekdaySat}[clock(0).In(zone).Weekday()]
	openings, _, err := tx.Openings.List(ctx, OpeningQuery{Where: query.And(Openings.Resource.Eq(resource.ID), Openings.Day.Eq(day))})
	if err != nil {
		return nil, err
	}
	var slots []Slot
	for _, o := range openings {
		for at := clock(o.Opens); !at.Add(resource.Slot).After(clock(o.Closes)); at = at.Add(resource.Slot) {
			slot := Slot{StartsAt: at, EndsAt: at.Add(resource.Slot)}
			free, err := b.free(ctx, tx, resource.ID, slot)
			if err != nil {
				return nil, err
			}
			if free {
				slots = append(slots, slot)
			}
		}
	}
	return slots, nil
}

// free tells whether nothing stands in a slot.
func (b *Business) free(ctx context.Context, tx Tx, resource kit.ID, slot Slot) (bool, error) {
	system := tx.System()
	closures, _, err := system.Closures.List(ctx, ClosureQuery{First: 1, Where: query.And(
		Closures.Resource.Eq(resource), Closures.StartsAt.Lt(slot.EndsAt), Closures.EndsAt.Gt(slot.StartsAt))})
	if err != nil || len(closures) > 0 {
		return false, err
	}
	bookings, _, err := system.Bookings.List(ctx, BookingQuery{First: 1, Where: query.And(
		Bookings.Resource.Eq(resource), Bookings.Status.In(BookingStatusHeld, BookingStatusConfirmed),
		Bookings.StartsAt.Lt(slot.EndsAt), Bookings.EndsAt.Gt(slot.StartsAt))})
	return len(bookings) == 0, err
}

// Book holds time on a resource. That it is free is for the database to say.
func (b *Business) Book(ctx context.Context, tx Tx, in Book) (Booking, error) {
	if in.StartsAt.Before(tx.Now()) {
		return Booking{}, kit.Fail(CodeInThePast, "This has begun.")
	}
	if in.EndsAt.Sub(in.StartsAt)%in.Resource.Slot != 0 {
		return Booking{}, kit.Fail(CodeNotOnASlot, "It is booked in slots of %s.", in.Resource.Slot)
	}
	if err := b.open(ctx, tx, in.Resource.ID, in.StartsAt, in.EndsAt); err != nil {
		return Booking{}, err
	}
	id, err := tx.System().Bookings.Create(ctx, NewBooking{
		Resource: in.Resource.ID, Guest: tx.Viewer().ID, Guests: in.Guests, StartsAt: in.StartsAt, EndsAt: in.EndsAt,
		Price: in.Resource.Price, Note: in.Note,
	})
	return Booking{ID: id}, err
}

func (b *Business) open(ctx context.Context, tx Tx, resource kit.ID, from, until time.Time) error {
	closures, _, err := tx.System().Closures.List(ctx, ClosureQuery{First: 1, Where: query.And(
		Closures.Resource.Eq(resource), Closures.StartsAt.Lt(until), Closures.EndsAt.Gt(from))})
	if err == nil && len(closures) > 0 {
		return kit.Fail(CodeClosed, "It is closed then.")
	}
	return err
}

// Confirm makes a held booking firm.
func (b *Business) Confirm(ctx context.Context, tx Tx, booking Booking) (Booking, error) {
	return booking, tx.System().Bookings.Update(ctx, booking.ID, 0, BookingPatch{Status: query.Set(BookingStatusConfirmed)})
}

// Move takes a booking to another time.
func (b *Business) Move(ctx context.Context, tx Tx, booking Booking, startsAt time.Time) (Booking, error) {
	until := startsAt.Add(booking.EndsAt.Sub(booking.StartsAt))
	if err := b.open(ctx, tx, booking.Resource, startsAt, until); err != nil {
		return Booking{}, err
	}
	return booking, tx.System().Bookings.Update(ctx, booking.ID, 0, BookingPatch{StartsAt: query.Set(startsAt), EndsAt: query.Set(until)})
}

// Cancel gives a booking up: for free until the resource's hour, else for its price.
func (b *Business) Cancel(ctx context.Context, tx Tx, events CancelEvents, booking Booking) (Booking, error) {
	patch := BookingPatch{Status: query.Set(BookingStatusCancelled)}
	row, err := tx.Bookings.SelectOne(ctx, string(booking.ID), Bookings.Free)
	if err != nil {
		return Booking{}, err
	}
	free := Bookings.Free.Of(row)
	if !free {
		patch.Fee = query.Set(booking.Price)
	}
	if err := tx.System().Bookings.Update(ctx, booking.ID, 0, patch); err != nil {
		return Booking{}, err
	}
	return booking, events.BookingCancelled(ctx, BookingCancelled{Booking: booking.ID, Free: free, At: tx.Now()})
}
