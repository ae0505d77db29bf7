package conduit_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	conduitclient "example.com/conduit/api/client"
)

// The written client does what the doors do: it registers people, reads lists by a condition, searches, calls operations by
// any method, and changes rows.
func TestClient(t *testing.T) {
	url := start(t, "sqlite:"+filepath.Join(t.TempDir(), "conduit.db"))
	ctx := t.Context()
	ada, alan := join(t, url, "ada"), join(t, url, "alan")

	for _, title := range []string{"On machines", "On minds", "On numbers"} {
		made, err := alan.Articles.Create(ctx, conduitclient.NewArticle{Title: title, Description: "d", Body: "b", Tags: []conduitclient.ID{"go", "new tag"}},
			conduitclient.Include(conduitclient.Articles.Tags, conduitclient.Articles.Author))
		if err != nil || len(made.Tags) != 2 || made.Author.Row.Username != "alan" {
			t.Fatalf("%+v, %v", made, err)
		}
	}
	followed, err := ada.Follow(ctx, conduitclient.FollowArgs{User: "alan"})
	if err != nil || !followed.Followed || followed.Email != nil {
		t.Fatalf("%+v, %v", followed, err)
	}
	var titles []string
	for article, err := range ada.FeedAll(ctx, conduitclient.Query[conduitclient.Article]{
		Where: []conduitclient.ConditionOf[conduitclient.Article]{conduitclient.Articles.Author.Username.Eq("alan"), conduitclient.Articles.FavoritesCount.Lt(1)},
		Order: []conduitclient.SortKey[conduitclient.Article]{conduitclient.Articles.Title.Asc()}, Limit: 2,
	}) {
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, article.Title)
	}
	if len(titles) != 3 || titles[0] != "On machines" || titles[2] != "On numbers" {
		t.Errorf("the feed is %q", titles)
	}
	found, err := ada.Articles.List(ctx, conduitclient.Query[conduitclient.Article]{Search: "mach*"})
	if err != nil || len(found.Items) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	tags, err := ada.PopularTags(ctx, conduitclient.Query[conduitclient.Tag]{Fields: []conduitclient.FieldOf[conduitclient.Tag]{conduitclient.Tags.Name, conduitclient.Tags.Uses}})
	if err != nil || len(tags.Items) != 2 || tags.Items[0].Uses != 3 || tags.Items[0].ID != "" {
		t.Errorf("%+v, %v", tags, err)
	}

	liked, err := ada.Favorite(ctx, conduitclient.FavoriteArgs{Article: "on-machines"})
	if err != nil || !liked.Favorited || liked.FavoritesCount != 1 {
		t.Errorf("%+v, %v", liked, err)
	}
	liked, err = ada.Unfavorite(ctx, conduitclient.UnfavoriteArgs{Article: "on-machines"})
	if err != nil || liked.Favorited || liked.FavoritesCount != 0 {
		t.Errorf("%+v, %v", liked, err)
	}
	if _, err := ada.Unfollow(ctx, conduitclient.UnfollowArgs{User: "nobody"}); !errors.Is(err, conduitclient.CodeNotFound) {
		t.Error(err)
	}
	writesInAnyOrder(ctx, t, ada, alan)
}

// writesInAnyOrder sets, clears and leaves out, and writes several things together.
func writesInAnyOrder(ctx context.Context, t *testing.T, ada, alan *conduitclient.Client) {
	me, err := ada.Users.Update(ctx, "ada", conduitclient.UserPatch{Bio: conduitclient.Set("Counts."), Image: conduitclient.Set("https://x.example/a")})
	if err != nil || *me.Bio != "Counts." || *me.Email != "ada@conduit.example" {
		t.Fatalf("%+v, %v", me, err)
	}
	me, err = ada.Users.Update(ctx, "ada", conduitclient.UserPatch{Bio: conduitclient.Null[string]()}, conduitclient.IfMatch(me.Version))
	if err != nil || me.Bio != nil || me.Image == nil {
		t.Errorf("%+v, %v", me, err)
	}
	b := alan.Batch()
	article := b.Articles.Create(conduitclient.NewArticle{Title: "Batched", Description: "d", Body: "b"})
	b.Comments.Create(conduitclient.NewComment{Article: article.ID(), Body: "First!"})
	liked := b.Favorite(conduitclient.FavoriteArgs{Article: "on-minds"})
	b.Articles.Delete("on-numbers", conduitclient.IfMatch(1))
	if err := b.Send(ctx); err != nil {
		t.Fatal(err)
	}
	if got, done := liked.Get(); !done || !got.Favorited {
		t.Errorf("%+v", got)
	}
	got, err := ada.Articles.Get(ctx, "batched", conduitclient.Include(conduitclient.Articles.Comments, conduitclient.Articles.Comments.Author))
	if err != nil || len(got.Comments.Items) != 1 || got.Comments.Items[0].Author.Row.Username != "alan" {
		t.Errorf("%+v, %v", got, err)
	}
}

// join makes an account by the client, proves its address by the letter that comes, and signs in.
func join(t *testing.T, url, name string) *conduitclient.Client {
	t.Helper()
	c, err := conduitclient.New(url, conduitclient.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, email, password := t.Context(), name+"@conduit.example", "correct horse battery"
	if err := c.Register(ctx, conduitclient.Registration{Email: email, Password: password, Username: name}); err != nil {
		t.Fatal(err)
	}
	if err := c.SignIn(ctx, email, password); !errors.Is(err, conduitclient.CodeEmailNotVerified) {
		t.Errorf("an address that is not proven signs in: %v", err)
	}
	if err := c.Verify(ctx, (client{t, url, ""}).tokenOf(email)); err != nil {
		t.Fatal(err)
	}
	if err := c.SignIn(ctx, email, password); err != nil {
		t.Fatal(err)
	}
	return c
}
