package mongo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/x/mongo/driver"
	"go.mongodb.org/mongo-driver/x/mongo/driver/topology"

	"nightwire/storage"
)

var errClosed = errors.New("the engine is closed")

// classify makes of a driver's error what storage calls it; op says what was tried ("reading a document"). The end of the
// caller's context stays what it is, the end of our own limits is ErrUnavailable. No text holds a connection string.
func classify(op string, err error) error {
	var known *storage.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", op, context.Canceled)
	case isTooLarge(err):
		return &storage.Error{Kind: storage.ErrTooLarge, Message: "the document is too large", Cause: shown(op, err)}
	case isUnfit(err):
		return &storage.Error{Kind: storage.ErrInvalid, Message: "The database refuses this document", Cause: shown(op, err)}
	case isAway(err):
		return unavailable(op, err)
	default:
		return shown(op, err)
	}
}

// failed is classify for a call whose time was limited within ctx: what ctx itself ended is no failure of the database.
func failed(ctx context.Context, op string, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return classify(op, err)
}

// unavailable says that the database cannot answer now, and for the log what was tried and why it failed.
func unavailable(op string, cause error) error {
	return &storage.Error{Kind: storage.ErrUnavailable, Message: "the database cannot answer now", Cause: shown(op, cause)}
}

// connectionString is what of a driver's text could hold credentials.
var connectionString = regexp.MustCompile(`mongodb(\+srv)?://\S*`)

// shown is an error as it may be logged.
func shown(op string, err error) error {
	if text := err.Error(); strings.Contains(text, "mongodb") && connectionString.MatchString(text) {
		err = errors.New(connectionString.ReplaceAllString(text, "mongodb://..."))
	}
	return fmt.Errorf("%s: %w", op, err)
}

// awayCodes are the server's errors that pass by themselves: there is no primary just now, it is shutting down, it did not
// manage in time, or its disk is full.
var awayCodes = [...]int{
	6, 7, 89, 9001, // host unreachable, host not found, network timeout, socket
	24, 46, 50, 262, // locks and time limits
	64, 79, 100, // not written to the majority (in time)
	91, 189, 10058, 10107, 11600, 11602, 13435, 13436, // shutting down, no longer or not yet primary
	133, 134, 246, // nobody to read from, or not yet
	63, 150, 234, 13388, // a shard that moves
	43, 175, 11601, // cursor or query ended by the server
	14031, // no room
}

// isAway reports whether the database could not be reached or could not answer.
func isAway(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	var retryable driver.RetryablePoolError // the pool was cleared by another call's failure
	if errors.As(err, &topology.ServerSelectionError{}) || errors.As(err, &topology.ConnectionError{}) || errors.As(err, &retryable) {
		return true
	}
	var pool topology.PoolError
	return errors.As(err, &pool) || hasCode(err, awayCodes[:]...)
}

// isTooLarge reports whether a document, or a key of an index, was over a limit of the driver or the server.
func isTooLarge(err error) bool {
	return errors.Is(err, driver.ErrDocumentTooLarge) || hasCode(err, 10334, 17280, 17419, 17420)
}

// isUnfit reports whether a document was refused for what is in it: names with dots or dollar signs and arrays directly
// inside arrays by servers that are only like MongoDB or are old, anything by a collection's own rules.
func isUnfit(err error) bool {
	var write mongo.WriteException
	return errors.As(err, &write) && hasCode(err, 2, 52, 57, 121)
}

func hasCode(err error, codes ...int) bool {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return false
	}
	for _, code := range codes {
		if server.HasErrorCode(code) {
			return true
		}
	}
	return false
}

func hasLabel(err error, label string) bool {
	var labeled mongo.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}
