package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/mongo"
	"nightwire/storage/sqlite"
)

// openEngine opens the MongoDB engine where there is a connection string, else the embedded one.
func openEngine(ctx context.Context, set settings, log *slog.Logger) (storage.Engine, error) {
	if set.mongoURI != "" {
		return openMongo(ctx, set, log)
	}
	engine, err := sqlite.Open(ctx, sqlite.Options{Dir: set.dataDir, JournalAge: set.journalAge, JournalBytes: set.journalBytes, Log: log})
	if err != nil {
		return nil, err // and no engine that is a nil pointer
	}
	return engine, nil
}

func openMongo(ctx context.Context, set settings, log *slog.Logger) (storage.Engine, error) {
	engine, err := mongo.Open(ctx, mongo.Options{
		URI: set.mongoURI, Names: set.mongoNames, Free: set.free, OwnOnly: set.ownChanges, Holdback: set.holdback,
		JournalAge: set.journalAge, JournalBytes: set.journalBytes, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("MONGODB_URI: %w", err)
	}
	return engine, nil
}

// place is where the documents are, for the log.
func (s *server) place() string {
	if s.mongoURI != "" {
		return "MongoDB"
	}
	return s.dataDir
}

func (s *server) secretFile() string { return filepath.Join(s.dataDir, "api-secret") }

// secret is API_SECRET, from the environment or from the file that the first start made. With MongoDB it is always set.
func (s *server) secret() (secret string, generated bool, err error) {
	if s.apiSecret != "" {
		return s.apiSecret, false, nil
	}
	return security.LoadOrCreate(s.secretFile(), security.NewAPISecret)
}

// keeper is an engine that keeps what all nodes on its database must know.
type keeper interface {
	LoadOrCreate(ctx context.Context, name string, generate func() string) (value string, created bool, err error)
}

var _ keeper = (*mongo.Engine)(nil)

// jwtKey is the key that signs tokens: nodes on one database share it, so that each accepts the others' tokens.
func (s *server) jwtKey(ctx context.Context) (key string, err error) {
	const name = "jwt-key"
	if shared, ok := s.engine.(keeper); ok {
		key, _, err = shared.LoadOrCreate(ctx, name, security.NewJWTKey)
		return key, err
	}
	key, _, err = security.LoadOrCreate(filepath.Join(s.dataDir, name), security.NewJWTKey)
	return key, err
}

// secure builds the Guard.
func (s *server) secure(ctx context.Context, apiSecret string) error {
	key, err := s.jwtKey(ctx)
	if err != nil {
		return err
	}
	s.guard, err = security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(s.engine), APISecret: apiSecret, JWTKey: []byte(key),
		DefaultRoles: s.defaultRoles, Open: !s.security, FailDelay: s.failDelay, Known: s.knownPermissions(),
		Happened: s.accountEvents(),
	})
	return err
}

// accountEvents is what is to be told of what happens to subjects: nothing where nobody hears it, since each telling is a
// durable write. Other nodes may have a port for them where this one has none.
func (s *server) accountEvents() func(context.Context, []security.AccountEvent) {
	if s.mongoURI == "" && !s.users.Config.Enabled() {
		return nil
	}
	return s.tellAccountEvents
}

// tellAccountEvents tells the nodes what happened to subjects. Whoever logs in or keeps accounts is served all the same when
// that is not possible.
func (s *server) tellAccountEvents(ctx context.Context, events []security.AccountEvent) {
	if err := storage.PublishAccountEvents(ctx, s.engine, events); err != nil {
		s.log.Warn("events of subjects were not told", "events", len(events), "error", err)
	}
}
