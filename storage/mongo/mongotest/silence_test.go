package mongotest

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/storage"
)

// hush stands before a server; while it is locked, connections stay open and nothing comes through.
type hush struct{ sync.RWMutex }

type hushed struct {
	net.Conn
	hush *hush
}

func (h hushed) Write(p []byte) (int, error) {
	h.hush.RLock()
	defer h.hush.RUnlock()
	return h.Conn.Write(p)
}

// quietly is a URI that leads to the server through a hush.
func quietly(t *testing.T, uri string) (string, *hush) {
	t.Helper()
	host, path, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
	if strings.ContainsAny(host, "@,") || !strings.HasPrefix(uri, "mongodb://") {
		t.Skip("needs a server without credentials, on one host")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	h := &hush{}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", host)
			if err != nil {
				near.Close()
				return
			}
			go pipe(hushed{far, h}, near)
			go pipe(hushed{near, h}, far)
		}
	}()
	return "mongodb://" + l.Addr().String() + "/" + path, h
}

// TestSilentServer: a search on a server that says nothing any more fails in time, and works again when the server does.
func TestSilentServer(t *testing.T) {
	uri, _ := freshDatabase(t)
	uri, hush := quietly(t, uri)
	e := open(t, uri)
	ask := func() error {
		for _, err := range e.Find(t.Context(), "entries", storage.Query{Filter: storage.Filter{Op: storage.Eq, Path: "x", Value: "1"}}) {
			return err
		}
		return nil
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	hush.Lock()
	began := time.Now()
	err := ask()
	if took := time.Since(began); !errors.Is(err, storage.ErrUnavailable) || took > 5*time.Second {
		t.Errorf("%v after %v", err, took)
	}
	hush.Unlock()
	for end := time.Now().Add(10 * time.Second); ; {
		if err := ask(); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatalf("still %v", err)
		}
	}
}
