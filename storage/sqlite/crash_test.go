package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"nightwire/storage"
	"nightwire/storage/storagetest"
)

// crashDir names, to a child of the test binary, the directory in which it is to write until it is killed.
const crashDir = "NIGHTWIRE_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

const crashWriters = 64

// writeUntilKilled runs 64 writers, each of which counts up a document of its own and adds one new document, as one
// group, and prints its number and count once that is acknowledged.
func writeUntilKilled(dir string) {
	e, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for w := range crashWriters {
		go func() {
			for {
				changes, err := e.Apply(context.Background(), countUp(w)...)
				if err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println(w, changes[0].Revision)
			}
		}()
	}
	select {}
}

func countUp(w int) []storage.Write {
	id := fmt.Sprintf("writer-%d", w)
	var count int64
	counter := storage.Write{Collection: "counters", Key: storage.Key{Identifier: id},
		Decide: func(s *storage.Stored, now int64) (storage.Next, error) {
			count = 1
			if s != nil {
				count = s.Revision + 1
			}
			return storage.Next{Kind: storage.Update, Document: storage.Document(fmt.Sprintf(`{"identifier":%q,"n":%d,"srvModified":%d}`, id, count, now))}, nil
		}}
	added := storage.Write{Collection: "added",
		Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
			return storage.Next{Kind: storage.Create, Document: storage.Document(fmt.Sprintf(`{"identifier":"%s-%d","srvModified":%d}`, id, count, now))}, nil
		}}
	return []storage.Write{counter, added}
}

// TestKill kills a writing server at a random moment, 20 times: every acknowledged write is there, every group is there
// as a whole or not at all, and each committed change is in the journal once.
func TestKill(t *testing.T) {
	if testing.Short() || storagetest.Race {
		t.Skip("takes long: not with -short or -race")
	}
	dir := t.TempDir()
	counts := make([]int64, crashWriters) // as found after the last crash
	var cursor storage.Cursor
	total := int64(0)
	for round := range 20 {
		acknowledged := crash(t, dir, time.Duration(50+rand.IntN(300))*time.Millisecond)
		e := open(t, Options{Dir: dir})
		cursor = checkJournal(t, e, cursor, counts)
		for w, count := range counts {
			if count < acknowledged[w] {
				t.Errorf("round %d: writer %d was told of %d writes, %d are there", round, w, acknowledged[w], count)
			}
			checkStored(t, e, w, count)
			total += acknowledged[w]
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged")
	}
}

// crash runs a writing child, kills it after some time of writing, and returns what it had acknowledged.
func crash(t *testing.T, dir string, after time.Duration) (acknowledged [crashWriters]int64) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for first := true; lines.Scan(); first = false {
		var w int
		var count int64
		if _, err := fmt.Sscan(lines.Text(), &w, &count); err == nil {
			acknowledged[w] = max(acknowledged[w], count)
		} else if lines.Text()[0] == 'e' {
			t.Errorf("the child says: %s", lines.Text())
		}
		if first {
			time.AfterFunc(after, func() { child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return acknowledged
}

// checkJournal reads the journal from a cursor to its end, sets the writers' counts to what it tells, and returns its end.
func checkJournal(t *testing.T, e *Engine, from storage.Cursor, counts []int64) storage.Cursor {
	t.Helper()
	head, err := e.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range readTo(t, e, from, head) {
		var w int
		var count int64
		if c.Collection == "added" {
			if _, err := fmt.Sscanf(c.Identifier, "writer-%d-%d", &w, &count); err != nil || counts[w] != count || !c.Last {
				t.Fatalf("%s came after count %d of its writer", c.Identifier, counts[w])
			}
			continue
		}
		if _, err := fmt.Sscanf(c.Identifier, "writer-%d", &w); err != nil || c.Revision != counts[w]+1 || c.Last {
			t.Fatalf("revision %d of %s came after %d", c.Revision, c.Identifier, counts[w])
		}
		counts[w] = c.Revision
	}
	return head
}

func readTo(t *testing.T, e *Engine, from, head storage.Cursor) (changes []storage.Change) {
	t.Helper()
	if from == head {
		return nil
	}
	for c, err := range e.Changes(t.Context(), from) {
		if err != nil {
			t.Fatal(err)
		}
		if changes = append(changes, c); c.Cursor == head {
			break
		}
	}
	return changes
}

func checkStored(t *testing.T, e *Engine, w int, count int64) {
	t.Helper()
	if count == 0 {
		return
	}
	counter, err := e.Get(t.Context(), "counters", storage.Key{Identifier: fmt.Sprintf("writer-%d", w)})
	if n, _ := counter.Document.Get("n").Int(); err != nil || n != count || counter.Revision != count {
		t.Errorf("writer %d: document %s at revision %d after %d writes (%v)", w, counter.Document, counter.Revision, count, err)
	}
	for _, n := range []int64{1, count} {
		if _, err := e.Get(t.Context(), "added", storage.Key{Identifier: fmt.Sprintf("writer-%d-%d", w, n)}); err != nil {
			t.Errorf("writer %d: document %d: %v", w, n, err)
		}
	}
	if _, err := e.Get(t.Context(), "added", storage.Key{Identifier: fmt.Sprintf("writer-%d-%d", w, count+1)}); err == nil {
		t.Errorf("writer %d: half of a group is there", w)
	}
}
