package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// dataSet is the rows that every contender's database holds, the same ones in every run of one scale.
//
// At full scale it is 10,000 people, 100,000 articles with three of 200 tags each, 300,000 comments, 50,000 follows and
// 200,000 favourites. Ids are UUIDs of version 7. No two rows of a table were made at the same instant, so that all contenders
// order them alike, and instants are whole milliseconds, since JavaScript knows no finer ones. The newest articles have comments enough for W4.
type dataSet struct{ users, articles, tags, comments, follows, favorites int }

const (
	tagsEach    = 3
	followsEach = 5
	busyShare   = 100 // one article of so many has comments enough
)

func newDataSet(scale float64) dataSet {
	of := func(n int) int { return max(int(float64(n)*scale), 20*followsEach) }
	d := dataSet{users: of(10_000), articles: of(100_000), tags: 200, comments: of(300_000)}
	d.follows = d.users * followsEach
	d.favorites = d.articles / 5 * (0 + 1 + 2 + 3 + 4)
	return d
}

// The tables, as kinds of ids.
const (
	userTable = iota
	articleTable
	tagTable
	commentTable
	followTable
	favoriteTable
)

var began = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// when is the instant at which row i of a table was made.
func when(i int) time.Time {
	return began.Add(time.Duration(i)*3*time.Minute + time.Duration(i%1000)*time.Millisecond)
}

// id is the id of row i of a table.
func id(table, i int) [16]byte {
	var bytes [16]byte
	binary.BigEndian.PutUint64(bytes[:], uint64(when(i).UnixMilli())<<16)
	random := rand.New(rand.NewPCG(uint64(table), uint64(i)))
	binary.BigEndian.PutUint64(bytes[8:], random.Uint64())
	bytes[6], bytes[7] = 7<<4|byte(table), byte(i)
	bytes[8] = bytes[8]&0x3f | 0x80
	return bytes
}

func idText(table, i int) string {
	bytes := id(table, i)
	text := hex.EncodeToString(bytes[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// table is the rows of one table.
type table struct {
	name string
	rows int
	row  func(i int) map[string]any // by column
}

// tables are all of them, those that others refer to first.
func (d dataSet) tables() []table {
	return []table{
		{"users", d.users, d.user},
		{"tags", d.tags, func(i int) map[string]any { return record(tagTable, i, map[string]any{"name": tagName(i)}) }},
		{"articles", d.articles, d.article},
		{"article_tags", d.articles * tagsEach, func(i int) map[string]any {
			first := chance(tagTable, i/tagsEach).IntN(d.tags)
			return map[string]any{"article_id": id(articleTable, i/tagsEach), "tag_id": id(tagTable, (first+i%tagsEach*17)%d.tags)}
		}},
		{"comments", d.comments, d.comment},
		{"follows", d.follows, func(i int) map[string]any {
			follower, step := i/followsEach, i%followsEach+1
			return record(followTable, i, map[string]any{
				"follower_id": id(userTable, follower), "followed_id": id(userTable, (follower+step*step)%d.users),
			})
		}},
		{"favorites", d.favorites, func(i int) map[string]any {
			article, fan := favorite(i)
			return record(favoriteTable, i, map[string]any{
				"user_id": id(userTable, (article*7+fan*13)%d.users), "article_id": id(articleTable, article),
			})
		}},
	}
}

// record completes a row with what every entity has.
func record(table, i int, row map[string]any) map[string]any {
	row["id"], row["created_at"], row["updated_at"], row["version"] = id(table, i), when(i), when(i), 1
	return row
}

func (d dataSet) user(i int) map[string]any {
	row := map[string]any{"email": username(i) + "@example.com", "username": username(i), "bio": nil, "image": nil}
	if i%5 != 0 {
		row["bio"] = "Writes about " + words[i%len(words)] + " & more."
	}
	if i%2 == 0 {
		row["image"] = "https://images.example.com/" + username(i) + ".png"
	}
	return record(userTable, i, row)
}

func username(i int) string { return fmt.Sprintf("writer%d", i) }

func tagName(i int) string { return fmt.Sprintf("%s-%d", words[i%len(words)], i) }

func (d dataSet) article(i int) map[string]any {
	random := chance(articleTable, i)
	return record(articleTable, i, map[string]any{
		"slug": slug(i), "title": fmt.Sprintf("On %s and %s, %d", pick(random), pick(random), i),
		"description": sentence(random), "body": text(random, 1000), "author_id": id(userTable, random.IntN(d.users)),
	})
}

func slug(i int) string { return fmt.Sprintf("on-%s-and-more-%d", words[i%len(words)], i) }

func (d dataSet) comment(i int) map[string]any {
	random := chance(commentTable, i)
	article := random.IntN(d.articles)
	if busy := max(d.articles/busyShare, pageSize); i < busy*(firstOf+1) {
		article = d.articles - 1 - i%busy
	}
	return record(commentTable, i, map[string]any{
		"article_id": id(articleTable, article), "author_id": id(userTable, random.IntN(d.users)), "body": text(random, 120),
	})
}

// favorite is the article of favourite i and how manieth of it that is: articles have none to four, in turn.
func favorite(i int) (article, fan int) {
	article = i / 10 * 5
	for of, rest := 0, i%10; ; of++ {
		if rest < of {
			return article + of, rest
		}
		rest -= of
	}
}

// chance is what is random in row i of a table.
func chance(table, i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(i), uint64(table))) }

func pick(random *rand.Rand) string { return words[random.IntN(len(words))] }

func sentence(random *rand.Rand) string {
	return fmt.Sprintf("What %s, %s and “%s” have in common.", pick(random), pick(random), pick(random))
}

func text(random *rand.Rand, length int) string {
	var b strings.Builder
	for b.Len() < length {
		fmt.Fprintf(&b, "One thing leads to %s, \"another\" to %s.\n", pick(random), pick(random))
	}
	return b.String()
}

var words = []string{"bread", "clouds", "gardens", "glass", "islands", "maps", "moss", "paper", "rivers", "salt", "stone", "trains", "voices", "weather", "winter", "wood"}

// load copies the rows into the tables of a database, each into the columns that its table has.
func (d dataSet) load(ctx context.Context, db *pgx.Conn) error {
	for _, t := range d.tables() {
		columns, err := columnsOf(ctx, db, t.name)
		if err != nil {
			return err
		}
		next := func(i int) ([]any, error) {
			row := t.row(i)
			values := make([]any, len(columns))
			for at, column := range columns {
				values[at] = row[column]
			}
			return values, nil
		}
		if _, err := db.CopyFrom(ctx, pgx.Identifier{t.name}, columns, pgx.CopyFromSlice(t.rows, next)); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	_, err := db.Exec(ctx, "VACUUM ANALYZE")
	return err
}

func columnsOf(ctx context.Context, db *pgx.Conn, table string) ([]string, error) {
	rows, err := db.Query(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// questions are what the requests of a workload ask about, in turn.
func (d dataSet) questions(w workload) []question {
	random := rand.New(rand.NewPCG(1, 2))
	switch w {
	case oneArticle:
		return ask(questionsPer, func(int) question { return question{slug: slug(random.IntN(d.articles))} })
	case deep:
		return ask(pageSize, func(i int) question {
			last := d.articles - min(depth, d.articles/2) - i*pageSize
			return question{after: place{when(last), idText(articleTable, last)}}
		})
	case createComment:
		return ask(questionsPer, func(i int) question {
			who := random.IntN(d.users)
			return question{
				article: idText(articleTable, random.IntN(d.articles/2)), // not those that W4 reads
				author:  account{idText(userTable, who), username(who)}, body: text(random, 120),
			}
		})
	}
	return []question{{}}
}

func ask(n int, make func(i int) question) []question {
	asked := []question{}
	for i := range n {
		asked = append(asked, make(i))
	}
	return asked
}
