package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/query"
)

// seed fills an empty conduit with a few thousand rows, the same ones every time: writer1@conduit.example signs in with
// the password "correct horse battery".
func seed(ctx context.Context, tx *query.Tx) error {
	s := seeder{tx: conduit.NewTx(tx.System()), random: rand.New(rand.NewPCG(3, 4))}
	steps := []struct {
		what string
		make func(context.Context) error
	}{{"people", s.people}, {"articles", s.articles}, {"follows", s.follows}, {"favorites", s.favorites}}
	for _, step := range steps {
		if err := step.make(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// seeder makes rows and remembers what later ones refer to.
type seeder struct {
	tx             conduit.Tx
	random         *rand.Rand
	users, written []kit.ID
}

func (s *seeder) people(ctx context.Context) error {
	for i := range 100 {
		bio := "Writes about " + pick(s.random, words) + "."
		name := fmt.Sprintf("writer%d", i+1)
		id, err := s.tx.Users.Create(ctx, conduit.NewUser{Email: name + "@conduit.example", Username: name, Bio: &bio})
		if err != nil {
			return err
		}
		if i == 0 {
			if err := account.SetPassword(ctx, s.tx.Tx, id, "correct horse battery"); err != nil {
				return err
			}
		}
		s.users = append(s.users, id)
	}
	return nil
}

func (s *seeder) articles(ctx context.Context) error {
	for i := range 500 {
		author := pick(s.random, s.users)
		title := fmt.Sprintf("%s and %s", pick(s.random, words), pick(s.random, words))
		slug := fmt.Sprintf("%s-%d", strings.ReplaceAll(title, " ", "-"), i+1)
		first := s.random.IntN(len(words) - 2)
		id, err := s.tx.Articles.Create(ctx, conduit.NewArticle{
			Slug: &slug, Title: strings.ToUpper(title[:1]) + title[1:],
			Description: "What they have in common.", Body: strings.Repeat("One thing leads to another. ", 20),
			Author: &author, Tags: words[first : first+2],
		})
		if err != nil {
			return err
		}
		s.written = append(s.written, id)
		for range s.random.IntN(6) {
			author := pick(s.random, s.users)
			if _, err := s.tx.Comments.Create(ctx, conduit.NewComment{Article: id, Author: &author, Body: "I see it as you do."}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *seeder) follows(ctx context.Context) error {
	for i, follower := range s.users {
		for step := 1; step <= 5; step++ {
			followed := s.users[(i+step*step)%len(s.users)]
			if _, err := s.tx.Follows.Create(ctx, conduit.NewFollow{Follower: &follower, Followed: followed}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *seeder) favorites(ctx context.Context) error {
	for i, article := range s.written {
		for step := range i % 4 {
			user := s.users[(i+step)%len(s.users)]
			if _, err := s.tx.Favorites.Create(ctx, conduit.NewFavorite{User: &user, Article: article}); err != nil {
				return err
			}
		}
	}
	return nil
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

var words = []string{"bread", "clouds", "gardens", "glass", "islands", "maps", "moss", "paper", "rivers", "salt", "stone", "trains", "voices", "weather", "winter", "wood"}
