package tool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// plansDir holds, out of sight of version control, plans that wait for a person, and those that one has approved.
const plansDir = ".fettle/plans"

var planHash = regexp.MustCompile(`^[0-9a-f]{16}$`)

// await keeps a plan that needs a person.
func (p *Project) await(hash, text string) error {
	dir := filepath.Join(p.Dir, filepath.FromSlash(plansDir))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ignore := filepath.Join(p.Dir, ".fettle", ".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, hash), []byte(text), 0o644)
}

// approved tells whether a person has approved a plan.
func (p *Project) approved(hash string) bool {
	_, err := os.Stat(filepath.Join(p.Dir, filepath.FromSlash(plansDir), hash+".approved"))
	return err == nil
}

// settled forgets a plan that has been carried out.
func (p *Project) settled(hash string) {
	for _, suffix := range []string{"", ".approved"} {
		os.Remove(filepath.Join(p.Dir, filepath.FromSlash(plansDir), hash+suffix))
	}
}

// Waiting is the text of a plan that waits for a person.
func Waiting(dir, hash string) (string, error) {
	if !planHash.MatchString(hash) {
		return "", fmt.Errorf("%.40q: is no hash of a plan: 16 digits and letters from a to f", hash)
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(plansDir), hash))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s: no plan of that hash waits in %s", hash, dir)
	}
	return string(text), err
}

// Approve lets a plan that waits be carried out, once. It is for a person at a terminal: no tool calls it.
func Approve(dir, hash string) error {
	if _, err := Waiting(dir, hash); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.FromSlash(plansDir), hash+".approved"), nil, 0o644)
}
