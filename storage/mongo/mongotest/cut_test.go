package mongotest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// wire carries bytes between an engine and its server, and can be cut.
type wire struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	ends  []net.Conn
	whole sync.WaitGroup
}

// lay makes a wire to a server. It ends with the test.
func lay(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: to}
	w.whole.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.cut()
		w.whole.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			near.Close()
			continue
		}
		w.mu.Lock()
		w.ends = append(w.ends, near, far)
		w.mu.Unlock()
		w.whole.Go(func() { pipe(near, far) })
		w.whole.Go(func() { pipe(far, near) })
	}
}

// pipe copies until either end is closed, and closes both.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // how it ended makes no difference
	to.Close()
	from.Close()
}

// cut ends every connection that there is.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.ends {
		end.Close()
	}
	w.ends = nil
}

// through is a URI that leads over a wire to the first of its hosts.
func through(t *testing.T, uri string) (string, *wire) {
	t.Helper()
	scheme, rest, _ := strings.Cut(uri, "://")
	hosts, path, _ := strings.Cut(rest, "/")
	user, hosts, named := strings.Cut(hosts, "@")
	if !named {
		user, hosts = "", user
	}
	host, _, _ := strings.Cut(hosts, ",")
	if scheme != "mongodb" || strings.Contains(uri, "tls=true") || strings.Contains(uri, "ssl=true") {
		t.Skip("cannot listen in on this server's connections: needs mongodb:// without TLS")
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "27017")
	}
	w := lay(t, host)
	if named {
		user += "@"
	}
	path = strings.TrimSuffix(path, "?") + "&directConnection=true"
	if !strings.Contains(path, "?") {
		path = strings.Replace(path, "&", "?", 1)
	}
	return fmt.Sprintf("mongodb://%s%s/%s", user, w.listener.Addr(), path), w
}

// TestResumeAfterCut: a reader whose connections are cut hears all that was written meanwhile, once.
func TestResumeAfterCut(t *testing.T) {
	uri, _ := freshDatabase(t)
	if !real() {
		t.Skip("FerretDB tells no changes to others")
	}
	writer := open(t, uri)
	cuttable, w := through(t, uri)
	const n = 200
	heard := hear(t, open(t, cuttable), n)
	for i := range n {
		if i%20 == 10 {
			w.cut()
		}
		if _, err := writer.Apply(t.Context(), put("notes", "counter")); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range heard() {
		if c.Revision != int64(i+1) {
			t.Fatalf("revision %d in place %d", c.Revision, i)
		}
	}
}
