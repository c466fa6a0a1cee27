package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"
)

// abortTime is for taking a transaction back; otherwise the server does so after a minute.
const abortTime = time.Second

// transact does some work in a transaction. When another transaction or write stood in its way it is undone and fails with
// errAgain; whether a commit that was not answered has happened remains unknown, and is ErrUnavailable.
func (e *Engine) transact(ctx context.Context, work func(mongo.SessionContext) error) error {
	session, err := e.client.StartSession()
	if err != nil {
		return classify("beginning a transaction", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	how := options.Transaction().SetReadConcern(readconcern.Snapshot()).SetWriteConcern(e.db.WriteConcern())
	if err := session.StartTransaction(how); err != nil {
		return classify("beginning a transaction", err)
	}
	sc := mongo.NewSessionContext(ctx, session)
	if err := work(sc); err != nil {
		abort(sc)
		return transient(err)
	}
	return commit(sc)
}

// abort takes a transaction back. Where that does not succeed, the server does it by itself after a while.
func abort(ctx mongo.SessionContext) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_ = ctx.AbortTransaction(limited)
}

// commit ends a transaction. It is asked for again as long as it is unknown what became of it.
func commit(ctx mongo.SessionContext) error {
	for n := 0; ; n++ {
		err := ctx.CommitTransaction(ctx)
		if !hasLabel(err, "UnknownTransactionCommitResult") {
			return transient(classify("committing a transaction", err))
		}
		if pause(ctx, n) != nil {
			return unavailable("committing a transaction, which may have succeeded", err)
		}
	}
}

// transient is errAgain for an error after which a transaction is worth repeating.
func transient(err error) error {
	if hasLabel(err, "TransientTransactionError") {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	return err
}
