package mongotest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage/mongo"
)

// serverVariable names a real server for the tests; without it they run on FerretDB. Its user must be allowed to make and
// drop databases.
const serverVariable = "MONGODB_TEST_URI"

// server is the URI of the server that all tests use.
var server string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mongotest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaries = dir
	if server = os.Getenv(serverVariable); real() {
		return m.Run()
	}
	ferret, err := Start(filepath.Join(dir, "ferretdb"), "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer ferret.Stop()
	server = ferret.URI
	return m.Run()
}

// real tells whether the tests run on a real server.
func real() bool { return os.Getenv(serverVariable) != "" }

// needsServer skips a test of what FerretDB does not have.
func needsServer(t *testing.T) {
	t.Helper()
	if !real() {
		t.Skip("needs a real server: " + serverVariable)
	}
}

// freshDatabase is a database of a name never used before, dropped at the test's end: its URI, and the driver's view of it.
func freshDatabase(t *testing.T) (uri string, db *driver.Database) {
	t.Helper()
	name := "nightwire_test_" + strings.ToLower(rand.Text()[:12])
	uri = withDatabase(server, name)
	client, err := driver.Connect(t.Context(), options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatalf("%s: %v", serverVariable, err)
	}
	db = client.Database(name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := db.Drop(ctx); err != nil {
			t.Errorf("dropping %s: %v", name, err)
		}
		if err := client.Disconnect(ctx); err != nil {
			t.Error(err)
		}
	})
	return uri, db
}

// withDatabase is a URI with another database. Credentials go on being looked up where they were.
func withDatabase(uri, name string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, old, _ := strings.Cut(rest, "/")
	if strings.Contains(hosts, "@") && !strings.Contains(strings.ToLower(query), "authsource=") {
		if old == "" {
			old = "admin"
		}
		query = strings.TrimPrefix(query+"&authSource="+old, "&")
	}
	return scheme + "://" + hosts + "/" + name + "?" + query
}

func TestWithDatabase(t *testing.T) {
	for _, c := range []struct{ uri, want string }{
		{"mongodb://h:1", "mongodb://h:1/new?"},
		{"mongodb://h:1/", "mongodb://h:1/new?"},
		{"mongodb://h:1,g:2/old?replicaSet=rs", "mongodb://h:1,g:2/new?replicaSet=rs"},
		{"mongodb://u:p@h:1/old", "mongodb://u:p@h:1/new?authSource=old"},
		{"mongodb+srv://u:p@h/?w=1", "mongodb+srv://u:p@h/new?w=1&authSource=admin"},
		{"mongodb://u:p@h/old?authSource=other", "mongodb://u:p@h/new?authSource=other"},
	} {
		if got := withDatabase(c.uri, "new"); got != c.want {
			t.Errorf("%s: %s, want %s", c.uri, got, c.want)
		}
	}
}

// open opens an engine on a database, quiet, and closes it at the test's end.
func open(t *testing.T, uri string) *mongo.Engine {
	t.Helper()
	return opened(t, mongo.Options{URI: uri})
}

// openPatient opens an engine for tests that make FerretDB work hard: a busy machine is no absent database.
func openPatient(t *testing.T, uri string) *mongo.Engine {
	t.Helper()
	return opened(t, mongo.Options{URI: uri, Timeout: 20 * time.Second})
}

func opened(t *testing.T, o mongo.Options) *mongo.Engine {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	e, err := mongo.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}
