package conduit

import (
	"context"

	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// Follow lets the viewer follow a person. Following twice is following once.
func (b *Business) Follow(ctx context.Context, tx Tx, user User) (User, error) {
	known, _, err := tx.Follows.List(ctx, FollowQuery{Where: followOf(tx, user), First: 1})
	if err != nil || len(known) > 0 {
		return user, err
	}
	_, err = tx.Follows.Create(ctx, NewFollow{Followed: user.ID})
	return user, err
}

// Unfollow ends it.
func (b *Business) Unfollow(ctx context.Context, tx Tx, user User) (User, error) {
	_, err := tx.Follows.DeleteWhere(ctx, followOf(tx, user))
	return user, err
}

func followOf(tx Tx, user User) query.Condition[Follow] {
	return query.And(Follows.Follower.Eq(tx.Viewer().ID), Follows.Followed.Eq(user.ID))
}

// Favorite adds an article to what the viewer likes. Liking twice is liking once.
func (b *Business) Favorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	known, _, err := tx.Favorites.List(ctx, FavoriteQuery{Where: favoriteOf(tx, article), First: 1})
	if err != nil || len(known) > 0 {
		return article, err
	}
	_, err = tx.Favorites.Create(ctx, NewFavorite{Article: article.ID})
	return article, err
}

// Unfavorite takes it away.
func (b *Business) Unfavorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	_, err := tx.Favorites.DeleteWhere(ctx, favoriteOf(tx, article))
	return article, err
}

func favoriteOf(tx Tx, article Article) query.Condition[Favorite] {
	return query.And(Favorites.User.Eq(tx.Viewer().ID), Favorites.Article.Eq(article.ID))
}
