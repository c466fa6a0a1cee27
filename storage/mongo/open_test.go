package mongo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/readpref"

	"nightwire/storage"
)

func TestOpenRefusesWithoutShowingSecrets(t *testing.T) {
	for uri, says := range map[string]string{
		"mongodb://user:hunt%zzer2@h/x":                     "percent-encoded",
		"mongodb://user:hunter2@evil@h/x":                   "percent-encoded",
		"mongodb://user:hunter2/@h/x":                       "percent-encoded",
		"mongodb://user:hunter2@h/x?maxPoolSize=hunter2":    "connection string",
		"mongodb://user:hunter2@":                           "connection string",
		"postgres://user:hunter2@h/x":                       "connection string",
		"":                                                  "connection string",
		"mongodb+srv://user:hunter2@h:1/x":                  "connection string",
		"mongodb://user:hunter2@h/x?authMechanism=NONSENSE": "connection string",
	} {
		_, err := Open(t.Context(), Options{URI: uri, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunt") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

// A database that is not there, or that accepts connections and says nothing, ends the start within 5 s, naming the host.
func TestOpenOfAnAbsentDatabase(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for name, c := range map[string]struct{ host, query, says string }{
		"silent":      {silent.Addr().String(), "", "directConnection"},
		"gone":        {gone.Addr().String(), "", "host names"},
		"replica set": {gone.Addr().String(), "?replicaSet=rs0", "replica set is called rs0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, err := Open(context.Background(), Options{URI: "mongodb://user:hunter2@" + c.host + "/x" + c.query, Log: slog.New(slog.DiscardHandler)})
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if !errors.Is(err, storage.ErrUnavailable) || !strings.Contains(err.Error(), c.host) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it shows the password: %v", err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	uri := "mongodb://user:hunter2@h:1/x"
	parsed, _, err := parse(t.Context(), Options{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	err = unreachable(parsed, errors.New("auth error: no hunter2 here"))
	if !strings.Contains(err.Error(), "authSource") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// What the promises rest upon cannot be said otherwise in the URI; what only tunes can.
func TestClientOptions(t *testing.T) {
	o := clientOptions(Options{URI: "mongodb://h/?maxPoolSize=5&serverSelectionTimeoutMS=60000&w=1&appName=mine", Timeout: 4 * time.Second})
	if *o.MaxPoolSize != 5 || *o.AppName != "mine" || *o.ServerSelectionTimeout != 3*time.Second || *o.ConnectTimeout != connectTimeout {
		t.Errorf("%d, %s, %v, %v", *o.MaxPoolSize, *o.AppName, *o.ServerSelectionTimeout, *o.ConnectTimeout)
	}
	d := databaseOptions(true)
	if d.WriteConcern.W != "majority" || !*d.WriteConcern.Journal || d.ReadConcern.Level != "majority" || d.ReadPreference.Mode() != readpref.PrimaryMode {
		t.Errorf("%+v", d)
	}
}

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		build         bson.D
		name, version string
		major         int
	}{
		{bson.D{{Key: "version", Value: "7.0.5"}, {Key: "versionArray", Value: bson.A{int32(7), int32(0), int32(5), int32(0)}}}, "MongoDB", "7.0.5", 7},
		{bson.D{{Key: "version", Value: "7.0.42"}, {Key: "ferretdbVersion", Value: "v1.24.2"}}, "FerretDB", "v1.24.2", 0},
		{bson.D{{Key: "version", Value: "7.0.42"}, {Key: "ferretdbVersion", Value: "unknown"}}, "FerretDB", "7.0.42", 0},
		{bson.D{{Key: "version", Value: "7.0.77"}, {Key: "ferretdb", Value: bson.D{{Key: "version", Value: "v2.1.0"}}}}, "FerretDB", "v2.1.0", 0},
	} {
		var b build
		if err := bson.Unmarshal(rawOf(c.build), &b); err != nil {
			t.Fatal(err)
		}
		if name, version, major := b.describe(); name != c.name || version != c.version || major != c.major {
			t.Errorf("%v: %s %s %d", c.build, name, version, major)
		}
	}
}

func TestIndexes(t *testing.T) {
	key := func(fields ...string) bson.Raw { return rawOf(upward(fields)) }
	partial := rawOf(bson.D{{Key: "identifier", Value: bson.D{{Key: "$gt", Value: ""}}}})
	for name, c := range map[string]struct {
		index           index
		serves, guarded bool
	}{
		"Nightscout's own":   {index{Name: "identifier_1", Key: key("identifier")}, true, false},
		"ours":               {index{Name: identifierIndex, Key: key("identifier"), Unique: true, Partial: partial}, false, true},
		"ours, sparse":       {index{Name: identifierIndex, Key: key("identifier"), Unique: true, Sparse: true}, false, true},
		"unique by hand":     {index{Name: "x", Key: key("identifier"), Unique: true}, true, true},
		"unique in parts":    {index{Name: "x", Key: key("identifier"), Unique: true, Partial: partial}, false, false},
		"unique with more":   {index{Name: "x", Key: key("identifier", "date"), Unique: true}, true, false},
		"of something else":  {index{Name: "x", Key: key("date", "identifier"), Unique: true}, false, false},
		"sparse, not unique": {index{Name: "x", Key: key("identifier"), Sparse: true}, false, false},
	} {
		if got := c.index.serves([]string{"identifier"}); got != c.serves {
			t.Errorf("%s: serves %v", name, got)
		}
		if got := c.index.guards(); got != c.guarded {
			t.Errorf("%s: guards %v", name, got)
		}
	}
}
