package realworld

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

type comment struct {
	ID        int64   `json:"id"`
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
		ID: number(row.ID()), CreatedAt: instant(conduit.Comments.CreatedAt.Of(row)), UpdatedAt: instant(conduit.Comments.UpdatedAt.Of(row)),
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
		id, err := numbered(ctx, tx, found.ID, c.r.PathValue("id"))
		if err == nil {
			err = tx.Comments.Delete(ctx, id, 0)
		}
		if err != nil {
			return about{"comment", err}
		}
		return nil
	})
}

// The contract names a comment by an integer, conduit by a UUID of version 7, which begins with its millisecond and its place
// among those of that millisecond (RFC 9562, sections 5.7 and 6.2). Counted from 2020 both fit the 53 bits of a JSON number
// until 2089, and two comments on one article share a number only if two processes made them in one quarter of a microsecond.
const (
	numbersFrom = 1_577_836_800_000 // milliseconds: 2020-01-01T00:00:00Z
	placeBits   = 12
)

func number(id kit.ID) int64 {
	digits := strings.ReplaceAll(string(id), "-", "")
	at, _ := strconv.ParseInt(digits[:12], 16, 64)
	place, _ := strconv.ParseInt(digits[13:16], 16, 64)
	return (at-numbersFrom)<<placeBits | place
}

// numbered is the comment on an article that a number names.
func numbered(ctx context.Context, tx conduit.Tx, article kit.ID, text string) (kit.ID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n >= 1<<53 {
		return "", kit.NotFound("comment")
	}
	at := n>>placeBits + numbersFrom
	start := fmt.Sprintf("%08x-%04x-7%03x-", at>>16, at&0xffff, n&(1<<placeBits-1))
	rows, err := tx.Comments.Select(ctx, conduit.CommentQuery{First: 1, Where: query.And(
		conduit.Comments.Article.Eq(article),
		conduit.Comments.ID.Ge(kit.ID(start+"8000-000000000000")), conduit.Comments.ID.Le(kit.ID(start+"bfff-ffffffffffff")),
	)}, conduit.Comments.ID)
	if err != nil {
		return "", err
	}
	if len(rows.Rows) == 0 {
		return "", kit.NotFound("comment")
	}
	return rows.Rows[0].ID(), nil
}
