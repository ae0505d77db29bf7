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
	_, _, err := tx.Follows.EnsureByFollowerAndFollowed(ctx, NewFollow{Followed: user.ID})
	return user, err
}

// Unfollow ends it.
func (b *Business) Unfollow(ctx context.Context, tx Tx, user User) (User, error) {
	_, err := tx.Follows.DeleteWhere(ctx, query.And(Follows.Follower.Eq(tx.Viewer().ID), Follows.Followed.Eq(user.ID)))
	return user, err
}

// Favorite adds an article to what the viewer likes. Liking twice is liking once.
func (b *Business) Favorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	_, _, err := tx.Favorites.EnsureByUserAndArticle(ctx, NewFavorite{Article: article.ID})
	return article, err
}

// Unfavorite takes it away.
func (b *Business) Unfavorite(ctx context.Context, tx Tx, article Article) (Article, error) {
	_, err := tx.Favorites.DeleteWhere(ctx, query.And(Favorites.User.Eq(tx.Viewer().ID), Favorites.Article.Eq(article.ID)))
	return article, err
}
