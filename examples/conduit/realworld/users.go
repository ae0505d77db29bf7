package realworld

import (
	"context"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/query"
)

// user is the viewer's own account, in its envelope.
type user struct {
	User struct {
		Email    string  `json:"email"`
		Token    string  `json:"token"`
		Username string  `json:"username"`
		Bio      *string `json:"bio"`
		Image    *string `json:"image"`
	} `json:"user"`
}

// profile is somebody as the viewer sees them.
type profile struct {
	Username  string  `json:"username"`
	Bio       *string `json:"bio"`
	Image     *string `json:"image"`
	Following bool    `json:"following"`
}

var profileFields = []query.Field[conduit.User]{
	conduit.Users.Username, conduit.Users.Bio, conduit.Users.Image, conduit.Users.Followed,
}

func profileOf(row query.Record[conduit.User]) profile {
	return profile{
		Username: conduit.Users.Username.Of(row), Bio: conduit.Users.Bio.OrNil(row), Image: conduit.Users.Image.OrNil(row),
		Following: conduit.Users.Followed.Of(row),
	}
}

type credentials struct {
	User struct {
		Email    *string `json:"email"`
		Username *string `json:"username"`
		Password *string `json:"password"`
	} `json:"user"`
}

// register makes an account and signs it in at once, as the contract demands though the design wants addresses proven.
func (c *call) register() (any, error) {
	sent, err := body[credentials](c)
	if err != nil {
		return nil, err
	}
	u := sent.User
	if err := required("email", u.Email, "username", u.Username, "password", u.Password); err != nil {
		return nil, err
	}
	if _, err := c.server.Accounts().RegisterProven(c.r, map[string]any{"email": *u.Email, "username": *u.Username, "password": *u.Password}); err != nil {
		return nil, err
	}
	return c.session(*u.Email, *u.Password)
}

func (c *call) signIn() (any, error) {
	sent, err := body[credentials](c)
	if err != nil {
		return nil, err
	}
	if err := required("email", sent.User.Email, "password", sent.User.Password); err != nil {
		return nil, err
	}
	return c.session(*sent.User.Email, *sent.User.Password)
}

func (c *call) session(email, password string) (any, error) {
	tokens, id, err := c.server.Accounts().SignIn(c.r, email, password)
	if err != nil {
		return nil, err
	}
	c.viewer, c.token = kit.Viewer{ID: id}, tokens.AccessToken
	return c.me()
}

// me is the viewer's account, with the token that was sent.
func (c *call) me() (any, error) {
	var me user
	err := c.read(func(ctx context.Context, tx conduit.Tx) error {
		u, err := tx.Users.Get(ctx, c.viewer.ID)
		if err != nil {
			return about{"user", err}
		}
		me.User.Username, me.User.Bio, me.User.Image = u.Username, u.Bio, u.Image
		if u.Email != nil {
			me.User.Email = *u.Email
		}
		me.User.Token = c.token
		return nil
	})
	return me, err
}

// updateMe changes what is given. An empty bio or image is none.
func (c *call) updateMe() (any, error) {
	sent, err := body[struct {
		User struct {
			Email    optional[string] `json:"email"`
			Username optional[string] `json:"username"`
			Password optional[string] `json:"password"`
			Bio      optional[string] `json:"bio"`
			Image    optional[string] `json:"image"`
		} `json:"user"`
	}](c)
	if err != nil {
		return nil, err
	}
	u := sent.User
	var never []any // what may be absent, but not blank
	for name, text := range map[string]optional[string]{"email": u.Email, "username": u.Username, "password": u.Password} {
		if text.given {
			never = append(never, name, text.value)
		}
	}
	if err := required(never...); err != nil {
		return nil, err
	}
	err = c.write(func(ctx context.Context, tx conduit.Tx) error {
		patch := conduit.UserPatch{Bio: clearable(u.Bio), Image: clearable(u.Image)}
		if u.Username.given {
			patch.Username = query.Set(*u.Username.value)
		}
		if err := tx.Users.Update(ctx, c.viewer.ID, 0, patch); err != nil {
			return about{"user", err}
		}
		if u.Email.given {
			if err := c.server.Accounts().SetLogin(ctx, tx.Tx, c.viewer.ID, *u.Email.value); err != nil {
				return err
			}
		}
		if u.Password.given {
			return account.SetPassword(ctx, tx.Tx, c.viewer.ID, *u.Password.value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.me()
}

// clearable is a text of a patch that "" clears as null does.
func clearable(text optional[string]) (o query.Optional[string]) {
	switch {
	case !text.given:
	case text.value == nil || *text.value == "":
		o = query.Clear[string]()
	default:
		o = query.Set(*text.value)
	}
	return o
}

func (c *call) profile() (any, error) {
	var shown profile
	err := c.read(func(ctx context.Context, tx conduit.Tx) (err error) {
		shown, err = c.shownProfile(ctx, tx)
		return err
	})
	return map[string]profile{"profile": shown}, err
}

func (c *call) shownProfile(ctx context.Context, tx conduit.Tx) (profile, error) {
	row, err := tx.Users.SelectOne(ctx, c.r.PathValue("username"), profileFields...)
	if err != nil {
		return profile{}, about{"profile", err}
	}
	return profileOf(row), nil
}

func (c *call) follow() (any, error) { return c.following(c.business.Follow) }

func (c *call) unfollow() (any, error) { return c.following(c.business.Unfollow) }

func (c *call) following(change func(context.Context, conduit.Tx, conduit.User) (conduit.User, error)) (any, error) {
	var shown profile
	err := c.write(func(ctx context.Context, tx conduit.Tx) error {
		somebody, err := tx.Users.ByUsername(ctx, c.r.PathValue("username"))
		if err != nil {
			return about{"profile", err}
		}
		if _, err := change(ctx, tx, somebody); err != nil {
			return about{"profile", err}
		}
		shown, err = c.shownProfile(ctx, tx)
		return err
	})
	return map[string]profile{"profile": shown}, err
}
