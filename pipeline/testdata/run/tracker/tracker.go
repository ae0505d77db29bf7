package tracker

import (
	"context"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

// New makes the operations.
func New() *Business { return &Business{} }

// CreateWorkspace makes a workspace and its first member. Nobody may do either by a rule, so the system does.
func (b *Business) CreateWorkspace(ctx context.Context, tx Tx, in NewWorkspace) (Workspace, error) {
	system := tx.System()
	id, err := system.Workspaces.Create(ctx, NewWorkspaceRow{Handle: in.Handle, Name: in.Name})
	if err != nil {
		return Workspace{}, err
	}
	if _, err := system.Members.Create(ctx, NewMember{Workspace: &id, User: tx.Viewer().ID, Role: RoleOwner}); err != nil {
		return Workspace{}, err
	}
	return tx.Workspaces.Get(ctx, id)
}

// AcceptInvitation makes a member of whoever was invited. The token that was mailed is the invitation's id.
func (b *Business) AcceptInvitation(ctx context.Context, tx Tx, token string) (Member, error) {
	system := tx.System()
	invitation, err := system.Invitations.Get(ctx, kit.ID(token))
	if err != nil {
		return Member{}, err
	}
	viewer, err := tx.Users.Get(ctx, tx.Viewer().ID)
	if err != nil {
		return Member{}, err
	}
	switch {
	case invitation.Email != viewer.Email:
		return Member{}, kit.Fail(CodeInvitationForSomeoneElse, "It was sent to another address.")
	case invitation.AcceptedAt != nil || invitation.ExpiresAt.Before(tx.Now()):
		return Member{}, kit.Fail(CodeInvitationExpired, "It was accepted, or is too old.")
	}
	id, err := system.Members.Create(ctx, NewMember{Workspace: &invitation.Workspace, User: viewer.ID, Role: invitation.Role})
	if err != nil {
		return Member{}, err
	}
	if err := system.Invitations.Update(ctx, invitation.ID, invitation.Version, InvitationPatch{AcceptedAt: query.Set(tx.Now())}); err != nil {
		return Member{}, err
	}
	return system.Members.Get(ctx, id)
}

// HandOver makes another member the owner, and the owner an admin.
func (b *Business) HandOver(ctx context.Context, tx Tx, workspace Workspace, to Member) (Workspace, error) {
	system := tx.System()
	owners, _, err := system.Members.List(ctx, MemberQuery{Where: query.And(Members.Workspace.Eq(workspace.ID), Members.Role.Eq(RoleOwner))})
	if err != nil {
		return Workspace{}, err
	}
	for _, owner := range owners {
		if err := system.Members.Update(ctx, owner.ID, owner.Version, MemberPatch{Role: query.Set(RoleAdmin)}); err != nil {
			return Workspace{}, err
		}
	}
	err = system.Members.Update(ctx, to.ID, to.Version, MemberPatch{Role: query.Set(RoleOwner)})
	return workspace, err
}
