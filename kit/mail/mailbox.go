package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Mailbox is a Sender for development: it keeps messages instead of sending them.
type Mailbox struct {
	path string // empty: in memory only

	mu     sync.Mutex
	last   int    // number of the newest
	letter []kept // oldest first
}

type kept struct {
	Number  int       `json:"number"`
	Arrived time.Time `json:"arrived"`
	Message
}

// Keep is how many messages a Mailbox holds; the oldest go first.
const Keep = 200

// OpenMailbox reads the mailbox kept in the file at path, which need not exist. An empty path keeps messages in memory.
// A file that cannot be read as a mailbox is started anew.
func OpenMailbox(path string) (*Mailbox, error) {
	b := &Mailbox{path: path}
	if path == "" {
		return b, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	if json.Unmarshal(text, &b.letter) != nil {
		b.letter = nil
	}
	if n := len(b.letter); n > 0 {
		b.last = b.letter[n-1].Number
	}
	return b, nil
}

// Send keeps m.
func (b *Mailbox) Send(_ context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	b.letter = append(b.letter, kept{Number: b.last, Arrived: time.Now().UTC().Truncate(time.Second), Message: m})
	if extra := len(b.letter) - Keep; extra > 0 {
		b.letter = append([]kept(nil), b.letter[extra:]...)
	}
	return b.save()
}

// Messages are those kept, newest first.
func (b *Mailbox) Messages() []Message {
	letters := b.newestFirst()
	messages := make([]Message, len(letters))
	for i, l := range letters {
		messages[i] = l.Message
		if l.Links == nil {
			messages[i].Links = []string{}
		}
	}
	return messages
}

// Clear forgets all messages.
func (b *Mailbox) Clear() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letter = nil
	return b.save()
}

func (b *Mailbox) newestFirst() []kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	letters := make([]kept, len(b.letter))
	for i, l := range b.letter {
		letters[len(letters)-1-i] = l
	}
	return letters
}

func (b *Mailbox) find(number int) (kept, bool) {
	for _, l := range b.newestFirst() {
		if l.Number == number {
			return l, true
		}
	}
	return kept{}, false
}

// save writes a new file and renames it, so that a process that is ended meanwhile leaves a whole one. Links sign people
// in, so nobody but the owner may read it.
func (b *Mailbox) save() error {
	if b.path == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.letter, "", "  ")
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Dir(b.path), 0o755) // with another database than SQLite nobody has made it
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(b.path), filepath.Base(b.path)+".*")
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), b.path)
	}
	if err != nil {
		os.Remove(temporary.Name())
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}
