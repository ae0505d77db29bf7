package emit

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// Lock is fettle.lock: what the tool wrote, of the files whose names do not say that they are the tool's. It marshals
// to JSON with one line a file.
type Lock struct {
	Files map[string]string `json:"files"` // Hash by path
}

// Hash is the fingerprint of a file.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Action is what to do with a file.
type Action string

// The actions.
const (
	Write  Action = "write"  // it is missing or out of date
	Keep   Action = "keep"   // it is as it should be, or the team's
	Taken  Action = "taken"  // it was the tool's and has been edited: it is the team's now, and is reported
	Delete Action = "delete" // the tool wrote it and needs it no more
)

// Step is what to do with one file.
type Step struct {
	Path   string
	Action Action
	File   *File // of a Write
}

// Decide says what to do with each file, sorted by path, and the lock afterwards. Disk holds the Hash of every file
// there is among files, among lock and among those whose names end in ".gen.go".
//
// A file that is named as generated is always the tool's. One of the team is written when it is missing. Of the others
// the lock knows what the tool wrote: what differs from that is no longer the tool's.
func Decide(files []File, lock Lock, disk map[string]string) ([]Step, Lock) {
	after := Lock{Files: map[string]string{}}
	steps := map[string]Step{}
	for i := range files {
		f := &files[i]
		step := Step{Path: f.Path, Action: decide(f, lock.Files[f.Path], disk[f.Path])}
		if step.Action == Write {
			step.File = f
		}
		steps[f.Path] = step
		if f.Owner == Tool && !generated(f.Path) {
			after.Files[f.Path] = Hash(f.Content)
			if step.Action == Taken {
				after.Files[f.Path] = lock.Files[f.Path]
			}
		}
	}
	for path, hash := range disk {
		if _, wanted := steps[path]; wanted {
			continue
		}
		if written := lock.Files[path]; generated(path) || hash == written {
			steps[path] = Step{Path: path, Action: Delete}
		}
	}
	out := make([]Step, 0, len(steps))
	for _, path := range slices.Sorted(maps.Keys(steps)) {
		out = append(out, steps[path])
	}
	return out, after
}

// decide says what to do with f; written is what the lock says of it and there what is on disk, both empty without.
func decide(f *File, written, there string) Action {
	switch {
	case there == "":
		return Write
	case f.Owner == Team, there == Hash(f.Content):
		return Keep
	case generated(f.Path), there == written:
		return Write
	}
	return Taken
}

// generated tells whether a file's name says that it is the tool's.
func generated(path string) bool { return strings.HasSuffix(path, ".gen.go") }
