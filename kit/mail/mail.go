// Package mail is how a service writes to people.
//
//	account ─▶ Sender ─▶ mail/smtp     (production)
//	                  └▶ Mailbox       (development: a page at /dev/mail)
//
// A message is sent after the transaction that it tells of was committed, never inside it. A process that dies between
// the two loses the message: the outbox that mends this comes with events.
package mail

import "context"

// Message is one message to one person.
type Message struct {
	To      string   `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	Links   []string `json:"links"` // that the message asks to follow; they stand in Text and HTML too
}

// Sender sends messages. It may be called by many at the same time.
type Sender interface {
	// Send returns once the message is handed over, which is not yet delivered.
	Send(ctx context.Context, m Message) error
}
