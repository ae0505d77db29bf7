package tool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// plansDir holds, out of sight of version control, plans that wait for a person. What one has approved is kept outside of the
// project, where no tool writes.
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

// approved tells whether a person has approved a plan, of which this is the text that was to be shown.
func (p *Project) approved(hash, text string) bool {
	file, err := approval(p.Dir, hash, text)
	if err != nil {
		return false
	}
	_, err = os.Stat(file)
	return err == nil
}

// settled forgets a plan that has been carried out.
func (p *Project) settled(hash string) {
	waits := filepath.Join(p.Dir, filepath.FromSlash(plansDir), hash)
	if text, err := os.ReadFile(waits); err == nil {
		if file, err := approval(p.Dir, hash, string(text)); err == nil {
			os.Remove(file)
		}
	}
	os.Remove(waits)
}

// approval is the file that says that a person has approved a plan: in the folder of that person's settings, named by the project, the
// plan and the text that was shown, so that what was approved is what was read.
func approval(dir, hash, text string) (string, error) {
	settings, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	project, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if project, err = filepath.EvalSymlinks(project); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{project, hash, text}, "\x00")))
	return filepath.Join(settings, "fettle", "approved", hex.EncodeToString(sum[:])), nil
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

// Approve lets a plan that waits be carried out, once, where text is what a person has read of it. It is for a person at a terminal: no
// tool calls it.
func Approve(dir, hash, text string) error {
	if _, err := Waiting(dir, hash); err != nil {
		return err
	}
	file, err := approval(dir, hash, text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(hash+"\n"), 0o600)
}
