package conduit

import (
	"context"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// Follow lets the viewer follow a person. Following twice is following once.
func (b *Business) Follow(ctx context.Context, tx Tx, user User) (User, error) {
	follow, err := followOf(ctx, tx, user.ID)
	if err != nil || follow != nil {
		return user, err
	}
	_, err = tx.Follows.Create(ctx, NewFollow{Followed: user.ID})
	return user, err
}

// Unfollow ends it.
func (b *Business) Unfollow(ctx context.Context, tx Tx, user User) (User, error) {
	follow, err := followOf(ctx, tx, user.ID)
	if err != nil || follow == nil {
		return user, err
	}
	return user, tx.Follows.Delete(ctx, follow.ID, follow.Version)
}

func followOf(ctx context.Context, tx Tx, followed kit.ID) (*Follow, error) {
	found, _, err := tx.Follows.List(ctx, FollowQuery{
		Where: query.And(Follows.Follower.Eq(tx.Viewer().ID), Follows.Followed.Eq(followed)), First: 1,
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Favorite adds an article to what the viewer likes. Liking twice is liking once.
func (b *Business) Favorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	favorite, err := favoriteOf(ctx, tx, article.ID)
	if err != nil || favorite != nil {
		return article, err
	}
	_, err = tx.Favorites.Create(ctx, NewFavorite{Article: article.ID})
	return article, err
}

// Unfavorite takes it away.
func (b *Business) Unfavorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	favorite, err := favoriteOf(ctx, tx, article.ID)
	if err != nil || favorite == nil {
		return article, err
	}
	return article, tx.Favorites.Delete(ctx, favorite.ID, favorite.Version)
}

func favoriteOf(ctx context.Context, tx Tx, article kit.ID) (*Favorite, error) {
	found, _, err := tx.Favorites.List(ctx, FavoriteQuery{
		Where: query.And(Favorites.User.Eq(tx.Viewer().ID), Favorites.Article.Eq(article)), First: 1,
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}
