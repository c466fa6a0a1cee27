package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"nightwire/realtime"
	"nightwire/realtime/users"
	"nightwire/storage"
)

// usersServer is the HTTP server of the Users event socket, which has a port of its own: its clients know no path.
type usersServer struct {
	listener net.Listener
	http     *http.Server
	face     *users.Server
}

// listenUsers takes the port, if there is to be one.
func (s *server) listenUsers() error {
	if !s.users.Config.Enabled() {
		return nil
	}
	l, err := net.Listen("tcp", s.usersAddress())
	if err != nil {
		return fmt.Errorf("cannot listen for the Users event socket: %s: %w", s.usersPort, err)
	}
	s.usersServer = &usersServer{listener: l}
	return nil
}

// speakUsers puts the Users event socket behind its port, if it has one.
func (s *server) speakUsers(hub *realtime.Hub) error {
	u := s.usersServer
	if u == nil {
		return nil
	}
	o := s.users
	o.Hub, o.Engine, o.Guard, o.Log, o.Address = hub, s.engine, s.guard, s.log, s.http.Echo.IPExtractor
	o.Meta = storage.NewMeta(s.engine, s.guard)
	var err error
	if u.face, err = users.New(o); err != nil {
		return fmt.Errorf("the Users event socket: %w", err)
	}
	u.http = &http.Server{
		Handler:           u.face.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute, // sockets have their own
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
	}
	u.http.Protocols.SetHTTP1(true) // WebSockets need it
	if s.tls != nil {
		u.http.TLSConfig = s.tls.Clone() // which reads the same certificate again when it changes
	}
	s.cuts = append(s.cuts, u.shutdown)
	return nil
}

// serve answers until shutdown, and then returns nil.
func (u *usersServer) serve() (err error) {
	if u.http.TLSConfig != nil {
		err = u.http.ServeTLS(u.listener, "", "")
	} else {
		err = u.http.Serve(u.listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the Users event socket: %w", err)
	}
	return nil
}

// shutdown ends the connections, and admits no more. It waits for them until ctx ends.
func (u *usersServer) shutdown(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- u.http.Shutdown(ctx) }()
	err := u.face.Close(ctx)
	if failed := <-done; failed != nil {
		err = errors.Join(err, failed, u.http.Close())
	}
	return err
}
