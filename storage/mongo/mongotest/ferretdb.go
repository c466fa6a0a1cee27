// Package mongotest runs the MongoDB engine against a server: FerretDB inside the test process (ferretdb.go), or a real one
// that MONGODB_TEST_URI names. It owns what is true of a server and not of the engine alone: which promises FerretDB cannot
// keep (ferretdb_test.go says why), that both engines answer a query alike, and that a Nightscout's database is understood.
//
// It is a module of its own, because FerretDB is as big as everything else together. It is built with the tag
// ferretdb_no_postgresql.
package mongotest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Server is a FerretDB that runs inside this process.
type Server struct {
	URI string // mongodb://; names no database

	stop    context.CancelFunc
	stopped chan struct{}
}

// Start runs FerretDB with its databases in a directory, which is made when it is not there. The address is host:port
// (port 0: a free one) or the path of a Unix socket, ending in .sock.
func Start(dir, address string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start FerretDB: %w", err)
	}
	config := &ferretdb.Config{
		Handler:   "sqlite",
		SQLiteURL: (&url.URL{Scheme: "file", Opaque: strings.TrimSuffix(dir, "/") + "/"}).String(),
		Logger:    slog.New(slog.DiscardHandler),
	}
	if _, _, err := net.SplitHostPort(address); err == nil {
		config.Listener.TCP = address
	} else {
		config.Listener.Unix = address
	}
	f, err := ferretdb.New(config)
	if err != nil {
		return nil, fmt.Errorf("start FerretDB: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(s.stopped)
		_ = f.Run(ctx) // always nil
	}()
	s.URI = f.MongoDBURI()
	return s, nil
}

// Stop ends the server; what was acknowledged is in its directory.
func (s *Server) Stop() {
	s.stop()
	<-s.stopped
}
