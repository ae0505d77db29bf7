package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/fettlehq/fettle/cli"
)

// terminal opens a pseudo-terminal (pty(7)): what is written to person is typed at screen.
func terminal(t *testing.T) (person, screen *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("there are no pseudo-terminals here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	control := func(request uintptr, value *int32) {
		t.Helper()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	var number, locked int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return person, screen
}

// An agent's change that loses data waits until a person has typed its hash at a terminal; what is typed elsewhere, or is another hash,
// approves nothing, and the approval counts once.
func TestApproveAtATerminal(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("DATABASE_URL", "")
	dir := place(t, "")
	if code, out := said("new", dir, "--kit", "../kit"); code != 0 {
		t.Fatal(out)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "data", "notes.db"), "it has run")
	a := agentOf(t, dir)
	const less = `{"replace":[{"file":"design/notes.graphql","old":"  due: Date\n","new":""}]}`
	shown := a.says("edit_design", less, "loses data: ", "fettle approve ")
	hash := applying.FindStringSubmatch(shown)[1]
	if said, failed := a.call("edit_design", withHash(less, hash)); !failed || !strings.Contains(said, "a person has to approve it at a terminal first") {
		t.Fatal(said)
	}
	if code, out := said("approve", hash, dir); code != 2 || !strings.Contains(out, "at a terminal, by a person") {
		t.Errorf("%d %s", code, out)
	}
	approve := func(typed string) (int, string) {
		person, screen := terminal(t)
		if _, err := person.WriteString(typed + "\n"); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		code := cli.Do([]string{"approve", hash, dir}, screen, &out, &out)
		return code, out.String()
	}
	if code, out := approve("yes"); code != 2 || !strings.Contains(out, "nothing was approved") {
		t.Errorf("%d %s", code, out)
	}
	if said, failed := a.call("edit_design", withHash(less, hash)); !failed {
		t.Fatal(said)
	}
	if code, out := approve(hash); code != 0 || !strings.Contains(out, "-  due: Date") || !strings.Contains(out, "approved, once") {
		t.Fatalf("%d %s", code, out)
	}
	a.says("edit_design", withHash(less, hash), "Written.")
	if strings.Contains(sum(t, filepath.Join(dir, "design", "notes.graphql")), "due") {
		t.Error("it was not written")
	}
	if code, out := approve(hash); code != 2 || !strings.Contains(out, "no plan of that hash waits") {
		t.Errorf("%d %s", code, out)
	}
	// The migration that follows loses the column, and waits likewise.
	if said := a.says("generate", `{}`, "fettle approve "); strings.Contains(said, hash) {
		t.Error("one approval is for two plans:", said)
	}
}
