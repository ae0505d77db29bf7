package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// StartConversation gives the viewer and others a seat. Two people have one direct conversation, however often it is started.
func (b *Business) StartConversation(ctx context.Context, tx Tx, in Start) (Conversation, error) {
	system, me := tx.System(), tx.Viewer().ID
	n := NewConversation{Kind: KindGroup, Title: in.Title}
	if len(in.With) == 1 && in.Title == nil {
		ends := []string{string(me), string(in.With[0].ID)}
		slices.Sort(ends)
		pair := strings.Join(ends, " ")
		known, _, err := system.Conversations.List(ctx, ConversationQuery{Where: Conversations.Pair.Eq(pair)})
		if err != nil || len(known) > 0 {
			return slices.Concat(known, []Conversation{{}})[0], err
		}
		n.Kind, n.Pair = KindDirect, &pair
	}
	id, err := system.Conversations.Create(ctx, n)
	if err != nil {
		return Conversation{}, err
	}
	host := true
	if _, err := system.Seats.Create(ctx, NewSeat{Conversation: id, User: me, Host: &host}); err != nil {
		return Conversation{}, err
	}
	for _, user := range in.With {
		if _, err := system.Seats.Create(ctx, NewSeat{Conversation: id, User: user.ID}); err != nil {
			return Conversation{}, err
		}
	}
	return Conversation{ID: id}, nil
}

// Leave gives up the viewer's seat. The last host stays while others do.
func (b *Business) Leave(ctx context.Context, tx Tx, conversation Conversation) (bool, error) {
	system := tx.System()
	seats, _, err := system.Seats.List(ctx, SeatQuery{Where: query.And(Seats.Conversation.Eq(conversation.ID), Seats.LeftAt.IsNull())})
	if err != nil {
		return false, err
	}
	mine := slices.IndexFunc(seats, func(s Seat) bool { return s.User == tx.Viewer().ID })
	hosts := slices.DeleteFunc(slices.Clone(seats), func(s Seat) bool { return !s.Host })
	if len(seats) > 1 && len(hosts) == 1 && hosts[0].ID == seats[mine].ID {
		return false, kit.Fail(CodeLastHost, "Make somebody else a host first.")
	}
	return true, system.Seats.Update(ctx, seats[mine].ID, 0, SeatPatch{LeftAt: query.Set(tx.Now())})
}

// CloseReport settles a report, and hides the message that it is about.
func (b *Business) CloseReport(ctx context.Context, tx Tx, report Report, hide bool) (Report, error) {
	system := tx.System()
	err := system.Reports.Update(ctx, report.ID, 0, ReportPatch{ClosedAt: query.Set(tx.Now()), ClosedBy: query.Set(tx.Viewer().ID)})
	if err != nil || !hide {
		return report, err
	}
	switch subject := report.Subject.(type) {
	case ReportableMessage:
		err = system.Messages.Update(ctx, kit.ID(subject), 0, MessagePatch{HiddenAt: query.Set(tx.Now())})
	case ReportableUser:
		err = system.Users.Update(ctx, kit.ID(subject), 0, UserPatch{MutedUntil: query.Set(tx.Now().AddDate(0, 0, 7))})
	}
	return report, err
}
