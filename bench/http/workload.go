package main

import "time"

// workload is one thing that clients ask for.
type workload string

const (
	oneArticle    workload = "W1"
	newest        workload = "W2"
	deep          workload = "W3k"
	withComments  workload = "W4"
	createComment workload = "W5"
)

func allWorkloads() []workload {
	return []workload{oneArticle, newest, deep, withComments, createComment}
}

// title says what is asked for, unless numbers of favourites are left out.
func (w workload) title() string {
	return map[workload]string{
		oneArticle:    "one article by slug, with its author, tags and number of favourites",
		newest:        "the newest 20 articles, with authors, tags and numbers of favourites",
		deep:          "the same behind the 50,000 newest, by keyset",
		withComments:  "the same, and the first 5 comments of each with their authors",
		createComment: "create a comment",
	}[w]
}

const (
	pageSize     = 20
	firstOf      = 5      // comments of an article
	depth        = 50_000 // rows, at full scale
	questionsPer = 500    // different requests of a workload that has more than one
)

// question is what a request asks about. Each workload looks at its part.
type question struct {
	slug    string  // of W1
	after   place   // of W3k: the last row of the page before
	article string  // of W5: the id of the article
	author  account // of W5
	body    string  // of W5
}

// place is where a row stands in the order of articles.
type place struct {
	createdAt time.Time
	id        string
}

// account is a person who asks.
type account struct{ id, username string }

// request is a question in the words of one contender.
type request struct {
	Method, Path string
	Header       map[string]string
	Body         string
}

// answer is what a contender said, in one form for all.
type answer struct {
	Articles []article `json:"articles,omitempty"`
	Comment  *comment  `json:"comment,omitempty"`
}

type article struct {
	Slug           string    `json:"slug"`
	Title          string    `json:"title"`
	Description    string    `json:"description"`
	Body           string    `json:"body,omitempty"` // of W1 alone
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
	Author         author    `json:"author"`
	Tags           []string  `json:"tags"` // a set
	FavoritesCount *int      `json:"favoritesCount,omitempty"`
	Comments       []comment `json:"comments,omitempty"` // oldest first
}

type author struct {
	Username string  `json:"username"`
	Bio      *string `json:"bio"`
	Image    *string `json:"image"`
}

type comment struct {
	ID        string    `json:"id"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
	Author    author    `json:"author"`
}
