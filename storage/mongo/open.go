package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"
	"go.mongodb.org/mongo-driver/mongo/readpref"
	"go.mongodb.org/mongo-driver/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/x/mongo/driver/connstring"

	"nightwire/storage"
)

const (
	// defaultDatabase is the one that a URI without a database means, to the original and to MongoDB's own tools.
	defaultDatabase = "test"
	// connectTimeout is for one connection, TLS and credentials included. Below the time of an operation, so that a node that
	// does not answer is left for another one within it.
	connectTimeout = 2 * time.Second
	// selectionTimeout is how long an operation waits for a primary. An election that takes longer is an absence.
	selectionTimeout = 3 * time.Second
	// socketTimeout ends a connection on which nothing comes any more, for the few calls that have no deadline of their own.
	socketTimeout = 30 * time.Second
	// openTimeout is for finding out whether there is a database and what it can do, not for what is prepared in it.
	openTimeout = 4500 * time.Millisecond
	// maxPoolSize and minPoolSize bound the connections of one node, besides those of its change streams.
	maxPoolSize = 64
	minPoolSize = 2
)

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 4 * time.Second
	}
	if o.Holdback <= 0 {
		o.Holdback = time.Second
	}
	if o.JournalAge <= 0 {
		o.JournalAge = 7 * 24 * time.Hour
	}
	if o.JournalBytes <= 0 {
		o.JournalBytes = 256 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Open connects to a database and prepares what is missing in it: indexes, images of changed documents, this node's entry
// among the others. It refuses, within 5 seconds and with an error that says what to check, a database that is not there;
// and, after at most the life of a lease, one on which this node may not work beside those that do. No error shows the URI
// or a password.
func Open(ctx context.Context, o Options) (*Engine, error) {
	o = o.withDefaults()
	client, database, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, client: client, node: strings.ToLower(rand.Text()[:12])}
	e.life, e.end = context.WithCancel(context.Background())
	if err := e.start(ctx, database); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// start makes a connected engine ready.
func (e *Engine) start(ctx context.Context, database string) error {
	if err := e.discover(ctx, database); err != nil {
		return err
	}
	if err := e.prepareAll(ctx); err != nil {
		return err
	}
	e.clocks.now = e.options.Now
	if err := e.settleIn(ctx); err != nil {
		return err
	}
	if err := e.openFeed(ctx); err != nil {
		return err
	}
	e.tell()
	return nil
}

// openFeed is where changes will come from. The ledger is read when nobody else can be writing into it.
func (e *Engine) openFeed(ctx context.Context) error {
	if e.can.watch != watchNothing {
		e.feed = newStream(e, e.physicals())
		return e.retireLedger(ctx)
	}
	l, err := e.openLedger(ctx)
	if err != nil {
		return err
	}
	e.feed = l
	e.running.Go(l.tend)
	return nil
}

// connect is a client that has reached its database, and the database's name.
func connect(ctx context.Context, o Options) (*mongo.Client, string, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	uri, driver, err := parse(ctx, o)
	if err != nil {
		return nil, "", badURI(err)
	}
	client, err := mongo.Connect(ctx, driver)
	if err != nil {
		return nil, "", badURI(err)
	}
	if err := client.Ping(ctx, readpref.Primary()); err != nil {
		return nil, "", errors.Join(unreachable(uri, err), client.Disconnect(context.Background()))
	}
	if uri.Database == "" {
		return client, defaultDatabase, nil
	}
	return client, uri.Database, nil
}

// parse reads the URI. It does not wait longer than ctx for the look-up that mongodb+srv:// needs; that ends by itself.
func parse(ctx context.Context, o Options) (*connstring.ConnString, *options.ClientOptions, error) {
	type result struct {
		uri    *connstring.ConnString
		driver *options.ClientOptions
		err    error
	}
	parsed := make(chan result, 1)
	go func() {
		uri, err := connstring.ParseAndValidate(o.URI)
		if err != nil {
			parsed <- result{err: err}
			return
		}
		driver := clientOptions(o)
		parsed <- result{uri, driver, driver.Validate()}
	}()
	select {
	case r := <-parsed:
		return r.uri, r.driver, r.err
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// clientOptions are those of the driver. What only tunes it may be said otherwise in the URI (maxPoolSize, appName,
// retryWrites, socketTimeoutMS, ...); what our promises rest upon may not: the primary is asked, the majority has written to
// its journal, and no call hangs.
func clientOptions(o Options) *options.ClientOptions {
	return options.Client().
		SetAppName("nightwire").
		SetMaxPoolSize(maxPoolSize).
		SetMinPoolSize(minPoolSize).
		SetSocketTimeout(socketTimeout).
		SetRetryWrites(true).
		SetRetryReads(true).
		ApplyURI(o.URI).
		SetConnectTimeout(connectTimeout).
		SetServerSelectionTimeout(min(selectionTimeout, o.Timeout*3/4))
}

// databaseOptions are how documents are read and written.
func databaseOptions(replicated bool) *options.DatabaseOptions {
	journaled := true
	majority := &writeconcern.WriteConcern{W: "majority", Journal: &journaled}
	o := options.Database().SetWriteConcern(majority).SetReadPreference(readpref.Primary())
	if replicated {
		o.SetReadConcern(readconcern.Majority())
	}
	return o
}

// badURI tells what is wrong with a URI without repeating any of it, since the driver's errors quote the part that they
// stumble upon, which may be the password.
func badURI(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("%w: the hosts of the database cannot be looked up: %s: %s", storage.ErrUnavailable, dns.Name, dns.Err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: looking up the hosts of the database: %w", storage.ErrUnavailable, err)
	}
	return errors.New("the connection string of the database is not valid: it must be like mongodb://user:password@host:27017/database?option=value " +
		"or mongodb+srv://..., with the special characters in user and password percent-encoded (@ as %40, : as %3A, / as %2F), " +
		"and with options that MongoDB knows and that do not contradict each other")
}

// unreachable tells what to check when a database does not answer.
func unreachable(uri *connstring.ConnString, err error) error {
	advice := "check that it runs, the host names and ports, the firewall, and whether it asks for TLS (tls=true, tlsCAFile=...)"
	text := err.Error()
	switch {
	case strings.Contains(text, "auth error") || strings.Contains(text, "AuthenticationFailed"):
		advice = "it refuses the credentials: check user and password, and authSource (often authSource=admin)"
	case uri.ReplicaSet != "":
		advice += "; check that its replica set is called " + uri.ReplicaSet + " (replicaSet=...) and has a primary"
	default:
		advice += "; if it is a member of a replica set whose other names cannot be reached from here, add directConnection=true"
	}
	return fmt.Errorf("%w: the database at %s cannot be used; %s: %s", storage.ErrUnavailable, strings.Join(uri.Hosts, ","), advice, without(text, uri.Password))
}

// without is the text of an error in which a secret, should a driver or server have repeated it, is not to be seen.
func without(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "***")
}
