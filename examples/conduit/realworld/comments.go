package realworld

import (
	"context"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

type comment struct {
	ID        kit.ID  `json:"id"`
	CreatedAt string  `json:"createdAt"`
	UpdatedAt string  `json:"updatedAt"`
	Body      string  `json:"body"`
	Author    profile `json:"author"`
}

var commentFields = []query.Field[conduit.Comment]{
	conduit.Comments.CreatedAt, conduit.Comments.UpdatedAt, conduit.Comments.Body, conduit.Comments.Author.With(profileFields...),
}

func commentOf(row query.Record[conduit.Comment]) comment {
	return comment{
		ID: row.ID(), CreatedAt: instant(conduit.Comments.CreatedAt.Of(row)), UpdatedAt: instant(conduit.Comments.UpdatedAt.Of(row)),
		Body: conduit.Comments.Body.Of(row), Author: profileOf(conduit.Comments.Author.Row(row)),
	}
}

func (c *call) comments() (any, error) {
	shown := []comment{}
	err := c.read(func(ctx context.Context, tx conduit.Tx) error {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return about{"article", err}
		}
		rows, err := tx.Comments.Select(ctx, conduit.CommentQuery{Where: conduit.Comments.Article.Eq(found.ID), First: pageMax}, commentFields...)
		for _, row := range rows.Rows {
			shown = append(shown, commentOf(row))
		}
		return err
	})
	return map[string][]comment{"comments": shown}, err
}

func (c *call) createComment() (any, error) {
	sent, err := body[struct {
		Comment struct {
			Body *string `json:"body"`
		} `json:"comment"`
	}](c)
	if err != nil {
		return nil, err
	}
	var shown comment
	err = c.write(func(ctx context.Context, tx conduit.Tx) error {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return about{"article", err}
		}
		if err := required("body", sent.Comment.Body); err != nil {
			return err
		}
		id, err := tx.Comments.Create(ctx, conduit.NewComment{Article: found.ID, Body: *sent.Comment.Body})
		if err != nil {
			return err
		}
		row, err := tx.Comments.SelectOne(ctx, string(id), commentFields...)
		if err == nil {
			shown = commentOf(row)
		}
		return err
	})
	return map[string]comment{"comment": shown}, err
}

func (c *call) deleteComment() (any, error) {
	return nil, c.write(func(ctx context.Context, tx conduit.Tx) error {
		found, err := tx.Articles.BySlug(ctx, c.r.PathValue("slug"))
		if err != nil {
			return about{"article", err}
		}
		written, err := tx.Comments.Get(ctx, kit.ID(c.r.PathValue("id")))
		switch {
		case err == nil && written.Article != found.ID:
			err = kit.NotFound("comment")
		case err == nil:
			err = tx.Comments.Delete(ctx, written.ID, 0)
		}
		if err != nil {
			return about{"comment", err}
		}
		return nil
	})
}
