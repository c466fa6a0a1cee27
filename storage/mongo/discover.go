package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

// greeting is what a server says of its place (hello, or isMaster before 5.0).
type greeting struct {
	SetName   string    `bson:"setName"`                      // of a replica set
	Message   string    `bson:"msg"`                          // isdbgrid: the router of a sharded cluster
	Sessions  int64     `bson:"logicalSessionTimeoutMinutes"` // 0: it has none
	LocalTime time.Time `bson:"localTime"`
}

func (g greeting) replicated() bool { return g.SetName != "" || g.Message == "isdbgrid" }

// build is what a server says of its making (buildInfo).
type build struct {
	Version string   `bson:"version"`
	Numbers []int32  `bson:"versionArray"`
	Ferret1 string   `bson:"ferretdbVersion"` // FerretDB 1
	Ferret2 bson.Raw `bson:"ferretdb"`        // FerretDB 2
}

// describe is the product's name and version as it calls itself, and the major version of MongoDB that it is like.
func (b build) describe() (name, version string, major int) {
	if len(b.Numbers) > 0 {
		major = int(b.Numbers[0])
	}
	switch {
	case b.Ferret1 == "unknown": // built without the tool that knows it
		return "FerretDB", b.Version, major
	case b.Ferret1 != "":
		return "FerretDB", b.Ferret1, major
	case b.Ferret2 != nil:
		version, _ = b.Ferret2.Lookup("version").StringValueOK()
		return "FerretDB", version, major
	default:
		return "MongoDB", b.Version, major
	}
}

// discover finds out what the server can do, by trying it wherever that is cheap: servers that are only like MongoDB claim
// more than they can.
func (e *Engine) discover(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	admin := e.client.Database("admin")
	var b build
	if err := admin.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&b); err != nil {
		return unavailable("asking the database for its version", err)
	}
	g, err := greet(ctx, admin)
	if err != nil {
		return unavailable("asking the database for its place", err)
	}
	e.db = e.client.Database(database, databaseOptions(g.replicated()))
	e.can.name, e.can.version, e.can.major = b.describe()
	if g.replicated() && g.Sessions > 0 {
		if e.can.transactions, err = e.transacts(ctx); err != nil {
			return unavailable("asking the database whether it knows transactions", err)
		}
	}
	if e.can.watch, err = e.watchable(ctx); err != nil {
		return unavailable("asking the database whether it can be watched", err)
	}
	return ctx.Err()
}

func greet(ctx context.Context, admin *mongo.Database) (g greeting, err error) {
	if err = admin.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&g); err != nil {
		err = admin.RunCommand(ctx, bson.D{{Key: "isMaster", Value: 1}}).Decode(&g)
	}
	return g, err
}

// transacts tries a transaction that reads nothing.
func (e *Engine) transacts(ctx context.Context) (bool, error) {
	err := e.transact(ctx, func(ctx mongo.SessionContext) error {
		err := e.db.Collection(metaCollection).FindOne(ctx, byID("")).Err()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return nil
		}
		return err
	})
	if isAway(err) || errors.Is(err, storage.ErrUnavailable) {
		return false, err
	}
	return err == nil, nil
}

// watchable tries to watch the database, then one collection. Only the server's own refusal counts: taking a database that
// others watch for one that cannot be watched would do harm.
func (e *Engine) watchable(ctx context.Context) (watch, error) {
	soon := options.ChangeStream().SetMaxAwaitTime(time.Millisecond)
	stream, err := e.db.Watch(ctx, mongo.Pipeline{}, soon)
	if err == nil {
		return watchDatabase, stream.Close(ctx)
	}
	if !refused(err) {
		return watchNothing, err
	}
	stream, err = e.db.Collection(messagesCollection).Watch(ctx, mongo.Pipeline{}, soon)
	if err == nil {
		return watchCollections, stream.Close(ctx)
	}
	if !refused(err) {
		return watchNothing, err
	}
	e.options.Log.Debug("the database cannot be watched", "error", err)
	return watchNothing, nil
}

// tell says in the log what kind of database this is and what follows from it.
func (e *Engine) tell() {
	log := e.options.Log.With("database", e.db.Name(), "product", e.can.name, "version", e.can.version)
	switch e.can.watch {
	case watchNothing:
		log.Warn("this database cannot be watched (it is no replica set): one node alone may use it, and changes that other programs write are not told")
	default:
		log.Info("changes come from the database's change stream, those of other nodes and programs too",
			"transactions", e.can.transactions, "pre-images", e.can.preImages, "order over all collections", e.can.watch == watchDatabase)
	}
}
