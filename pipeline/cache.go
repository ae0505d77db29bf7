package pipeline

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/internal/graph"
	"github.com/fettlehq/fettle/lift/golang"
	"github.com/fettlehq/fettle/lift/graphql"
	"github.com/fettlehq/fettle/lift/prisma"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/lift/typescript"
)

// Facts are kept by the content of what they were drawn from: an entry is named by a sum of the tool and of every file
// that a lift reads, and holds the facts with the state of the folders in which libraries were looked for. An entry that
// is cut, changed or of other libraries is as good as none. Beside the entry of a whole folder there is one for each part of
// its code, so that after an edit only the part in which it was made is read anew. Processes do not wait for each other: each
// writes a file of its own and puts it in its place.

// mostCached bounds the folder of facts, in bytes; what was used longest ago goes first.
const mostCached = 256 << 20

// CacheFolder is where facts are kept for the user, "" where the system names no such place.
func CacheFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "fettle", "facts")
}

// cache is the entry of one state of one folder.
type cache struct {
	dir    string
	folder string // "" for no cache
	tool   facts.Sum
	sum    facts.Sum
	states map[string]facts.Sum // of folders of libraries, as they were first found
}

// entry is what is kept.
type entry struct {
	Looked   []looked
	Facts    *facts.Facts
	Embedded []sql.Text // of a part of the code
}

// looked is a folder of a library, with the state that it was found in.
type looked struct {
	Dir   string
	State facts.Sum
}

func openCache(dir, folder string) cache {
	if folder == "" {
		return cache{}
	}
	tool := toolSum()
	at, err := filepath.Abs(dir)
	if tool == (facts.Sum{}) || err != nil {
		return cache{}
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%x\n%s %s %s\n%q\n", tool, runtime.Version(), runtime.GOOS, runtime.GOARCH, goCommand())
	for _, name := range []string{"GOFLAGS", "GOROOT", "GOMODCACHE", "GOPATH", "GOWORK"} {
		fmt.Fprintf(sum, "%s=%s\n", name, os.Getenv(name))
	}
	out := cache{dir: dir, folder: folder, tool: facts.Sum(sum.Sum(nil)), states: map[string]facts.Sum{}}
	fmt.Fprintf(sum, "%q\n", at) // where libraries of its own may lie
	if !sumTree(sum, dir) {
		return cache{}
	}
	out.sum = facts.Sum(sum.Sum(nil))
	return out
}

// goCommand names the Go installation whose libraries a lift reads, "" where there is none.
func goCommand() string {
	name, err := exec.LookPath("go")
	if err != nil {
		return ""
	}
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %s", name, info.Size(), info.ModTime())
}

// buildID is what the Go linker calls a program, by what it was made of.
var buildID = regexp.MustCompile(`[A-Za-z0-9_-]{20}/[A-Za-z0-9_-]{20}/[A-Za-z0-9_-]{20}/[A-Za-z0-9_-]{20}`)

// toolSum tells one build of the tool from all others. It is zero where the tool cannot be read.
var toolSum = sync.OnceValue(func() (out facts.Sum) {
	name, err := os.Executable()
	if err != nil {
		return out
	}
	file, err := os.Open(name)
	if err != nil {
		return out
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, 64<<10))
	if err != nil {
		return out
	}
	if id := buildID.Find(head); id != nil {
		return sha256.Sum256(id)
	}
	sum := sha256.New()
	sum.Write(head)
	if _, err := io.Copy(sum, file); err != nil {
		return out
	}
	return facts.Sum(sum.Sum(nil))
})

// sumTree adds every file below a folder that a lift may read. It reports whether the folder could be read.
func sumTree(sum io.Writer, dir string) bool {
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == dir:
			return err
		case err != nil:
			return nil
		case entry.IsDir() && name != dir && (entry.Name() == "vendor" || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular() || !lifted(entry.Name()):
			return nil
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %d\n", filepath.ToSlash(below), info.Size())
		file, err := os.Open(name)
		if err != nil {
			return nil // the lift cannot read it either
		}
		defer file.Close()
		_, err = io.Copy(sum, file)
		return err
	})
	return err == nil
}

// lifted reports whether a lift reads files of a name.
func lifted(name string) bool {
	return strings.HasSuffix(name, ".go") || name == "go.mod" || graphql.Schema(name) || strings.HasSuffix(strings.ToLower(name), ".sql") || prisma.Reads(name) || typescript.Reads(name)
}

// state is the state of a library's folder, as it was first found.
func (c cache) state(dir string) facts.Sum {
	known, found := c.states[dir]
	if !found {
		known = stateOf(dir)
		c.states[dir] = known
	}
	return known
}

// stateOf is the state of a library's folder: the names, sizes and times of its Go files.
func stateOf(dir string) facts.Sum {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return facts.Sum{}
	}
	sum := sha256.New()
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		if info, err := entry.Info(); err == nil {
			fmt.Fprintf(sum, "%q %d %d\n", entry.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return facts.Sum(sum.Sum(nil))
}

// facts are those that are kept, nil where there are none.
func (c cache) facts() *facts.Facts { return c.read(c.name("all", c.sum)).Facts }

// name is the file of an entry.
func (c cache) name(kind string, sum facts.Sum) string {
	return filepath.Join(c.folder, kind+"-"+hex.EncodeToString(sum[:]))
}

// ofTool is a sum of a part of the code and the tool.
func (c cache) ofTool(part facts.Sum) facts.Sum { return sha256.Sum256(append(c.tool[:], part[:]...)) }

// Part gives a part of the code that is kept, nil where it is not.
func (c cache) Part(sum facts.Sum) *golang.Part {
	if e := c.read(c.name("part", c.ofTool(sum))); e.Facts != nil {
		out := &golang.Part{Facts: e.Facts, Embedded: e.Embedded}
		for _, l := range e.Looked {
			out.Looked = append(out.Looked, l.Dir)
		}
		return out
	}
	return nil
}

// Keep keeps a part of the code.
func (c cache) Keep(sum facts.Sum, part *golang.Part) {
	c.write(c.name("part", c.ofTool(sum)), entry{Facts: part.Facts, Embedded: part.Embedded}, part.Looked)
}

// read gives an entry, an empty one where there is none that still holds.
func (c cache) read(name string) (out entry) {
	if c.folder == "" {
		return out
	}
	text, err := os.ReadFile(name)
	if err != nil || len(text) < sha256.Size {
		return out
	}
	if sum := sha256.Sum256(text[sha256.Size:]); !bytes.Equal(sum[:], text[:sha256.Size]) {
		return out
	}
	var e entry
	if graph.Decode(text[sha256.Size:], &e) != nil || e.Facts == nil {
		return out
	}
	for _, l := range e.Looked {
		if c.state(l.Dir) != l.State {
			return out
		}
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // used just now: others go first
	return e
}

// keep puts facts in their place, unless the files have changed while they were read. That it fails costs time at the next
// review, and nothing else.
func (c cache) keep(f *facts.Facts, folders []string) {
	if c.folder != "" && openCache(c.dir, c.folder).sum == c.sum {
		c.write(c.name("all", c.sum), entry{Facts: f}, folders)
		prune(c.folder)
	}
}

func (c cache) write(name string, e entry, folders []string) {
	if c.folder == "" {
		return
	}
	for _, dir := range folders {
		e.Looked = append(e.Looked, looked{dir, c.state(dir)})
	}
	text := graph.Encode(&e)
	if len(text) > mostCached/4 || os.MkdirAll(c.folder, 0o700) != nil {
		return
	}
	sum := sha256.Sum256(text)
	file, err := os.CreateTemp(c.folder, "new-*")
	if err != nil {
		return
	}
	_, err = file.Write(append(sum[:], text...))
	if closed := file.Close(); err != nil || closed != nil || os.Rename(file.Name(), name) != nil {
		_ = os.Remove(file.Name())
	}
}

// prune takes away what was used longest ago, until the rest fits.
func prune(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	size := int64(0)
	for _, info := range files {
		if size += info.Size(); size > mostCached {
			_ = os.Remove(filepath.Join(folder, info.Name()))
		}
	}
}
