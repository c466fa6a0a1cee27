package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// outcome is what a command that has ended left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// does runs a command to its end on a data directory, with that stdin.
func does(t *testing.T, dir, stdin string, args ...string) outcome {
	t.Helper()
	cmd := command(t, "DATA_DIR="+dir)
	cmd.Args = append(cmd.Args, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must is does for a command that shall succeed; it returns what the command printed.
func must(t *testing.T, dir, stdin string, args ...string) outcome {
	t.Helper()
	o := does(t, dir, stdin, args...)
	if o.code != 0 {
		t.Fatalf("%q: %d\n%s%s", args, o.code, o.stdout, o.stderr)
	}
	return o
}

// refusedWith makes sure that a command fails with all of want.
func refusedWith(t *testing.T, o outcome, code int, want ...string) {
	t.Helper()
	for _, w := range want {
		if o.code != code || !strings.Contains(o.stdout+o.stderr, w) {
			t.Errorf("%d: %s%s\nwant %d with %q", o.code, o.stdout, o.stderr, code, want)
		}
	}
}

// writeDocuments writes an export with n documents.
func writeDocuments(w io.Writer, n int) {
	fmt.Fprintln(w, `{"format":"nightwire-export","version":1}`)
	for i := range n {
		at := 1682938800000 + i
		fmt.Fprintf(w, `{"collection":"entries","foreign":false,"document":{"identifier":"%07d","date":%d,"sgv":%d,"srvModified":%d}}`+"\n", i, at, i%400, at)
	}
	fmt.Fprintf(w, `{"end":true,"documents":%d}`+"\n", n)
}

func manyDocuments(n int) string {
	var b strings.Builder
	writeDocuments(&b, n)
	return b.String()
}

// withoutHeader is an export without its first line, which names the program's database.
func withoutHeader(export string) string {
	_, rest, _ := strings.Cut(export, "\n")
	return rest
}

// What a server stored is exported, imported elsewhere, and served there; while a server runs its directory is not touched.
func TestMoving(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	file := filepath.Join(t.TempDir(), "night.ndjson")
	p := launch(t, "DATA_DIR="+from, "API3_SECURITY_ENABLE=false")
	resp, err := http.Post(p.url+"/api/v3/entries", "application/json", strings.NewReader(`{"identifier":"a","date":1682938800750,"app":"a"}`))
	if err != nil || resp.StatusCode != 201 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	for _, args := range [][]string{{"export", file}, {"check"}} {
		refusedWith(t, does(t, from, "", args...), 1, "in use by another server")
	}
	refusedWith(t, does(t, from, manyDocuments(1), "import", "-"), 1, "in use by another server")
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("stopped with %d", code)
	}
	exported := must(t, from, "", "export", file)
	if !strings.Contains(exported.stderr, "exported 2 documents") || exported.stdout != "" { // the entry and the administrator
		t.Errorf("%+v", exported)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	refusedWith(t, does(t, from, "", "export", file), 1, "not overwritten")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if again := must(t, from, "", "export", "-"); again.stdout != string(text) {
		t.Errorf("to stdout: %s", again.stdout)
	}
	must(t, to, "", "import", file)
	must(t, to, "", "check")
	if again := must(t, to, "", "export", "-"); again.stdout != string(text) {
		t.Errorf("moved: %s\nwas: %s", again.stdout, text)
	}
	p = launch(t, "DATA_DIR="+to, "API3_SECURITY_ENABLE=false")
	resp, err = http.Get(p.url + "/api/v3/entries/a")
	if err != nil || resp.StatusCode != 200 {
		t.Error(resp, err)
	}
	resp.Body.Close()
	p.end(syscall.SIGTERM)
}

func TestWrongCalls(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"export"}, {"export", "a", "b"}, {"import"}, {"import", "--skip-bad"}, {"import", "--skip-bad", "--skip-bad", "-"}, {"check", "x"}} {
		refusedWith(t, does(t, none, "", args...), 2, "see nightwire --help")
	}
	for _, args := range [][]string{{"export", "-"}, {"check"}} {
		refusedWith(t, does(t, none, "", args...), 1, "there is no database")
	}
	refusedWith(t, does(t, none, `{"_id":1}`, "import", "-"), 1, "this is no export")
	refusedWith(t, does(t, none, "", "import", filepath.Join(none, "file")), 1, "no such file")
	if _, err := os.Stat(none); !os.IsNotExist(err) {
		t.Errorf("a command that was refused made the data directory: %v", err)
	}
	bad := strings.Replace(manyDocuments(3), `"sgv":1,`, `"sgv":01,`, 1)
	refusedWith(t, does(t, none, bad, "import", "-"), 1, "line 3: ", "can be repeated")
	refusedWith(t, does(t, none, bad, "import", "--skip-bad", "-"), 0, "line 3 is skipped", "1 lines were skipped")
}

// An import that is killed is repeated, and nothing is missing or twice.
func TestKilledImport(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir, whole := t.TempDir(), manyDocuments(20_000)
	cmd := command(t, "DATA_DIR="+dir)
	cmd.Args = append(cmd.Args, "import", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Half of the file is more than the pipe and the program's buffers hold, so some of it is being stored.
	if _, err := in.Write([]byte(whole[:len(whole)/2])); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	o := must(t, dir, whole, "import", "-")
	var written, equal int
	if _, err := fmt.Sscanf(o.stderr[strings.Index(o.stderr, "imported"):], "imported %d documents; %d were there already", &written, &equal); err != nil {
		t.Fatalf("%v: %s", err, o.stderr)
	}
	if written+equal != 20_000 || equal == 0 || written == 0 {
		t.Errorf("written %d, there already %d", written, equal)
	}
	if got := must(t, dir, "", "export", "-").stdout; withoutHeader(got) != withoutHeader(whole) {
		t.Errorf("%d bytes, want %d", len(got), len(whole))
	}
	must(t, dir, "", "check")
}

// check finds what is damaged, and says what to do.
func TestCheckFindsDamage(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, manyDocuments(3000), "import", "-")
	if o := must(t, dir, "", "check"); o.stdout != "everything is as it should be\n" {
		t.Errorf("%+v", o)
	}
	path := filepath.Join(dir, sqlite.FileName)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	middle := info.Size() / 2 / 4096 * 4096
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, 4096), middle); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, does(t, dir, "", "check"), 1, "nightwire.db", "put a backup in", "not as it should be")
}

// away is an engine that cannot answer.
type away struct{ engine }

func (away) Describe() (name, version string) { return "none", "0" }

func (away) Collections(context.Context) ([]string, error) { return nil, storage.ErrUnavailable }

// An export that fails leaves no file that could be taken for a whole one.
func TestFailedExport(t *testing.T) {
	dir := t.TempDir()
	c := &call{stdout: io.Discard, stderr: io.Discard}
	if err := c.exportFile(t.Context(), away{}, filepath.Join(dir, "file")); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("exported from nowhere: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestManyLines measures what a million documents cost; NIGHTWIRE_TEST_LINES says how many they shall be. The file is written
// piece by piece, because a process is said to have had the memory of the one that started it.
func TestManyLines(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv("NIGHTWIRE_TEST_LINES"), &n); err != nil {
		t.Skip("NIGHTWIRE_TEST_LINES is not set")
	}
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "many")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewWriter(file)
	writeDocuments(buffered, n)
	if err := errors.Join(buffered.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"import", path}, {"import", path}, {"export", path + ".again"}, {"check"}} {
		cmd := command(t, "DATA_DIR="+dir)
		cmd.Args = append(cmd.Args, args...)
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		used := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
		t.Logf("%s of %d documents: %v, at most %d MB of memory", args[0], n, time.Since(began).Round(time.Millisecond), used)
		if used > 150 {
			t.Errorf("%s does not stream", args[0])
		}
	}
}
