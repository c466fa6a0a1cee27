package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"nightwire/api"
	"nightwire/security"
	"nightwire/storage"
)

// stopTimeout is how long a graceful stop may take.
const stopTimeout = 15 * time.Second

// server is all parts of a running Nightwire.
type server struct {
	settings
	log          *slog.Logger
	engine       storage.Engine
	guard        *security.Guard
	cuts         []func(context.Context) error // of the faces that have connections: end them and admit no more
	endHub       func()                        // ends the hub and waits for it
	endDocuments func()                        // ends what they do in the background and waits for it
	http         *api.Server
	listener     net.Listener
	usersServer  *usersServer // of the Users event socket; nil where there is none
	tls          *tls.Config  // nil for plain HTTP only
}

// start opens and connects the parts, and greets on the first start. What it opened is closed when it fails.
func start(ctx context.Context, set settings, stdout io.Writer, log *slog.Logger) (*server, error) {
	s := &server{settings: set, log: log}
	if err := s.open(ctx, stdout); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.warn()
	return s, nil
}

// open builds the parts in the order of their dependence.
func (s *server) open(ctx context.Context, stdout io.Writer) (err error) {
	if err := s.checkSecret(); err != nil {
		return err
	}
	if s.engine, err = openEngine(ctx, s.settings, s.log); err != nil {
		return err
	}
	apiSecret, generated, err := s.secret()
	if err != nil {
		return err
	}
	if err := s.secure(ctx, apiSecret); err != nil {
		return err
	}
	if s.tls, err = s.readKeys(s.log); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.address()); err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	if err := s.listenUsers(); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if !generated {
		return nil
	}
	return greet(ctx, stdout, s.guard, apiSecret, s.secretFile(), s.localURL())
}

// knownPermissions are those that the routes ask for.
func (s *settings) knownPermissions() []security.Permission {
	known := []security.Permission{storage.SendAlarms, storage.AckAlarms, storage.HearAlarms, storage.AdministerTopics}
	for _, c := range s.collections() {
		for _, right := range []string{"create", "read", "update", "delete"} {
			known = append(known, security.Permission("api:"+c.Name+":"+right))
		}
		if c.Private {
			known = append(known, security.Permission("api:"+c.Name+":admin"))
		}
	}
	return known
}

// background runs f in a goroutine; the function returned ends it and waits for it.
func background(f func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (s *server) warn() {
	for _, warning := range s.usersWarnings() {
		s.log.Warn(warning)
	}
	if !s.security {
		s.log.Warn("API3_SECURITY_ENABLE is false: everything is permitted to everyone")
	}
	for _, role := range s.defaultRoles {
		if role == "readable" {
			s.log.Warn("AUTH_DEFAULT_ROLES is readable: whoever has any token reads all health data, and anybody hears alarms")
		}
	}
}

// serve answers until ctx ends (the first SIGTERM or interrupt), then stops gracefully; a second signal ends at once.
func (s *server) serve(ctx context.Context, release func()) error {
	failed := make(chan error, 2)
	go func() { failed <- s.http.Serve(s.listener) }()
	ready := []any{"url", s.localURL(), "data", s.place(), "version", version}
	if s.usersServer != nil {
		go func() { failed <- s.usersServer.serve() }()
		ready = append(ready, "users", localURL("ws", s.tls, s.usersServer.listener))
	}
	s.log.Info("ready", ready...)
	select {
	case err := <-failed:
		return errors.Join(err, s.close())
	case <-ctx.Done():
	}
	release()
	impatient := make(chan os.Signal, 1)
	signal.Notify(impatient, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-impatient
		s.log.Warn("stopped at once by a second signal")
		os.Exit(1)
	}()
	s.log.Info("stopping")
	return s.stop()
}

// stop refuses new work, answers what is under way, cuts the sockets and closes the engine.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var cut error
	err := s.http.Shutdown(ctx, func() { cut = s.cut(ctx) })
	return errors.Join(err, cut, s.close())
}

// close ends what start opened, in reverse.
func (s *server) close() error {
	if s.endHub != nil {
		s.endHub()
	}
	if s.endDocuments != nil {
		s.endDocuments()
	}
	if s.listener != nil {
		_ = s.listener.Close() // closed already when it was served
	}
	if s.usersServer != nil {
		_ = s.usersServer.listener.Close() // the same
	}
	if s.engine != nil {
		return s.engine.Close()
	}
	return nil
}
