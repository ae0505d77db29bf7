package main

import "time"

// Article is a row; what belongs to it is resolved.
type Article struct {
	ID, AuthorID                   string
	Slug, Title, Description, Body string
	CreatedAt, UpdatedAt           time.Time
}

// User is a row.
type User struct {
	ID         string
	Username   string
	Bio, Image *string
}

// Tag is a row.
type Tag struct{ Name string }

// Comment is a row; its author is resolved.
type Comment struct {
	ID, ArticleID, AuthorID string
	Body                    string
	CreatedAt               time.Time
}

// After is the last row of the page before.
type After struct {
	CreatedAt time.Time
	ID        string
}
