package realworld

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// article is an article as the viewer sees it. Lists leave the body out.
type article struct {
	Slug           string   `json:"slug"`
	Title          string   `json:"title"`
	Description    string   `json:"description"`
	Body           *string  `json:"body,omitempty"`
	TagList        []string `json:"tagList"`
	CreatedAt      string   `json:"createdAt"`
	UpdatedAt      string   `json:"updatedAt"`
	Favorited      bool     `json:"favorited"`
	FavoritesCount int      `json:"favoritesCount"`
	Author         profile  `json:"author"`
}

// listed is what a list shows of an article, in one plan with author and tags.
var listed = []query.Field[conduit.Article]{
	conduit.Articles.Slug, conduit.Articles.Title, conduit.Articles.Description, conduit.Articles.CreatedAt, conduit.Articles.UpdatedAt,
	conduit.Articles.Favorited, conduit.Articles.FavoritesCount,
	conduit.Articles.Tags.With(conduit.Tags.Name), conduit.Articles.Author.With(profileFields...),
}

func articleOf(row query.Record[conduit.Article]) article {
	a := conduit.Articles
	shown := article{
		Slug: a.Slug.Of(row), Title: a.Title.Of(row), Description: a.Description.Of(row),
		CreatedAt: instant(a.CreatedAt.Of(row)), UpdatedAt: instant(a.UpdatedAt.Of(row)),
		Favorited: a.Favorited.Of(row), FavoritesCount: a.FavoritesCount.Of(row),
		TagList: []string{}, Author: profileOf(a.Author.Row(row)),
	}
	for _, tag := range a.Tags.Rows(row) {
		shown.TagList = append(shown.TagList, conduit.Tags.Name.Of(tag))
	}
	slices.Sort(shown.TagList)
	return shown
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// articles lists the newest first, by tag, author or who likes them.
func (c *call) articles() (any, error) {
	var conditions []query.Condition[conduit.Article]
	asked := c.r.URL.Query()
	if name := asked.Get("author"); name != "" {
		conditions = append(conditions, conduit.Articles.Author.Is(conduit.Users.Username.Eq(name)))
	}
	if name := asked.Get("tag"); name != "" {
		conditions = append(conditions, conduit.Articles.Tags.Some(conduit.Tags.Name.Eq(name)))
	}
	if name := asked.Get("favorited"); name != "" {
		conditions = append(conditions, conduit.Articles.Fans.Some(conduit.Users.Username.Eq(name)))
	}
	return c.list(query.And(conditions...))
}

// feed lists what people wrote whom the viewer follows.
func (c *call) feed() (any, error) {
	return c.list(conduit.Articles.Author.Is(conduit.Users.Followed.Eq(true)))
}

const (
	pageSize = 20
	pageMax  = 100
)

func (c *call) list(where query.Condition[conduit.Article]) (any, error) {
	limit, err := c.number("limit", pageSize, 1)
	if err != nil {
		return nil, err
	}
	offset, err := c.number("offset", 0, 0)
	if err != nil {
		return nil, err
	}
	page := struct {
		Articles []article `json:"articles"`
		Count    int64     `json:"articlesCount"`
	}{Articles: []article{}}
	err = c.read(func(ctx context.Context, tx conduit.Tx) error {
		// As the system: who likes an article is everybody's to know in this contract, but not at conduit's own doors.
		rows, err := tx.System().Articles.Select(ctx, conduit.ArticleQuery{Where: where, First: min(limit, pageMax), Skip: offset, Count: true}, listed...)
		for _, row := range rows.Rows {
			page.Articles = append(page.Articles, articleOf(row))
		}
		page.Count = rows.Total
		return err
	})
	return page, err
}

func (c *call) number(name string, otherwise, least int) (int, error) {
	text := c.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		return 0, wrong{http.StatusUnprocessableEntity, messages{name: {"is invalid"}}}
	}
	return n, nil
}

func (c *call) article() (any, error) {
	var shown article
	err := c.read(func(ctx context.Context, tx conduit.Tx) (err error) {
		shown, err = c.shownArticle(ctx, tx, c.r.PathValue("slug"))
		return err
	})
	return map[string]article{"article": shown}, err
}

func (c *call) shownArticle(ctx context.Context, tx conduit.Tx, key string) (article, error) {
	row, err := tx.Articles.SelectOne(ctx, key, append(slices.Clip(listed), conduit.Articles.Body)...)
	if err != nil {
		return article{}, about{"article", err}
	}
	shown, text := articleOf(row), conduit.Articles.Body.Of(row)
	shown.Body = &text
	return shown, nil
}

// draft is an article as it is sent.
type draft struct {
	Article struct {
		Title       optional[string]   `json:"title"`
		Description optional[string]   `json:"description"`
		Body        optional[string]   `json:"body"`
		TagList     optional[[]string] `json:"tagList"`
	} `json:"article"`
}

// check finds what cannot be; all texts must be there when an article is made.
func (d draft) check(whole bool) error {
	var texts []any
	a := d.Article
	for name, text := range map[string]optional[string]{"title": a.Title, "description": a.Description, "body": a.Body} {
		if whole || text.given {
			texts = append(texts, name, text.value)
		}
	}
	if err := required(texts...); err != nil {
		return err
	}
	if a.TagList.given && a.TagList.value == nil {
		return wrong{http.StatusUnprocessableEntity, messages{"tagList": {blank}}}
	}
	return nil
}

func (c *call) createArticle() (any, error) {
	sent, err := body[draft](c)
	if err != nil {
		return nil, err
	}
	if err := sent.check(true); err != nil {
		return nil, err
	}
	a := sent.Article
	made := conduit.NewArticle{Title: *a.Title.value, Description: *a.Description.value, Body: *a.Body.value}
	if slug := kit.Slug(made.Title); routes[slug] {
		slug += "-" + kit.SlugSuffix()
		made.Slug = &slug
	}
	if a.TagList.given {
		made.Tags = *a.TagList.value
	}
	return c.changed(func(ctx context.Context, tx conduit.Tx) (string, error) {
		id, err := tx.Articles.Create(ctx, made)
		return string(id), err
	})
}

func (c *call) updateArticle() (any, error) {
	sent, err := body[draft](c)
	if err != nil {
		return nil, err
	}
	if err := sent.check(false); err != nil {
		return nil, err
	}
	a, patch := sent.Article, conduit.ArticlePatch{}
	if a.Title.given {
		patch.Title = query.Set(*a.Title.value)
	}
	if a.Description.given {
		patch.Description = query.Set(*a.Description.value)
	}
	if a.Body.given {
		patch.Body = query.Set(*a.Body.value)
	}
	if a.TagList.given {
		patch.Tags = query.Set(*a.TagList.value)
	}
	return c.changed(func(ctx context.Context, tx conduit.Tx) (string, error) {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return "", err
		}
		if title := patch.Title.Get(); title != nil && kit.Slug(*title) != kit.Slug(found.Title) {
			return string(found.ID), retitle(ctx, tx, found.ID, patch, kit.Slug(*title))
		}
		return string(found.ID), tx.Articles.Update(ctx, found.ID, 0, patch)
	})
}

// routes are the segments that stand where a slug does in this contract.
var routes = map[string]bool{"feed": true}

// retitle changes an article and its slug, which follows the title in this contract and stays at conduit's own doors. One that is taken
// gets a suffix, as that of a new article does.
func retitle(ctx context.Context, tx conduit.Tx, id kit.ID, patch conduit.ArticlePatch, slug string) error {
	try := func(slug string) error {
		patch.Slug = query.Set(slug)
		return tx.Conn().Savepoint(ctx, func() error { return tx.Articles.Update(ctx, id, 0, patch) })
	}
	problem := (*kit.Problem)(nil)
	if slug != "" && !routes[slug] && !kit.IsID(slug) {
		if err := try(slug); !errors.As(err, &problem) || problem.Code != kit.CodeConflict {
			return err
		}
	}
	return try(strings.TrimPrefix(slug+"-"+kit.SlugSuffix(), "-"))
}

func (c *call) deleteArticle() (any, error) {
	err := c.write(func(ctx context.Context, tx conduit.Tx) error {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return err
		}
		if found.Author != c.viewer.ID {
			return tx.Articles.Delete(ctx, found.ID, 0) // which tells him what he may not
		}
		if err := tx.Articles.Lock(ctx, found.ID); err != nil { // nobody comments on it or likes it any more
			return err
		}
		all := tx.System() // whoever wrote the comments
		if _, err := all.Comments.DeleteWhere(ctx, conduit.Comments.Article.Eq(found.ID)); err != nil {
			return err
		}
		if _, err := all.Favorites.DeleteWhere(ctx, conduit.Favorites.Article.Eq(found.ID)); err != nil {
			return err
		}
		return tx.Articles.Delete(ctx, found.ID, 0)
	})
	if err != nil {
		return nil, about{"article", err}
	}
	return nil, nil
}

func (c *call) favorite() (any, error) { return c.favoring(c.business.Favorite) }

func (c *call) unfavorite() (any, error) { return c.favoring(c.business.Unfavorite) }

func (c *call) favoring(change func(context.Context, conduit.Tx, conduit.Article) (conduit.Article, error)) (any, error) {
	return c.changed(func(ctx context.Context, tx conduit.Tx) (string, error) {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return "", err
		}
		_, err = change(ctx, tx, found)
		return string(found.ID), err
	})
}

// changed shows the article that change returns.
func (c *call) changed(change func(ctx context.Context, tx conduit.Tx) (key string, err error)) (any, error) {
	var shown article
	err := c.write(func(ctx context.Context, tx conduit.Tx) error {
		key, err := change(ctx, tx)
		if err != nil {
			return about{"article", err}
		}
		shown, err = c.shownArticle(ctx, tx, key)
		return err
	})
	return map[string]article{"article": shown}, err
}

// tags lists those in use, the most used first.
func (c *call) tags() (any, error) {
	names := []string{}
	err := c.read(func(ctx context.Context, tx conduit.Tx) error {
		rows, err := tx.Tags.Select(ctx, conduit.TagQuery{
			Where: conduit.Tags.Uses.Gt(0), Order: []query.OrderBy[conduit.Tag]{conduit.Tags.Uses.Desc(), conduit.Tags.Name.Asc()}, First: pageMax,
		}, conduit.Tags.Name)
		for _, row := range rows.Rows {
			names = append(names, conduit.Tags.Name.Of(row))
		}
		return err
	})
	return map[string][]string{"tags": names}, err
}
