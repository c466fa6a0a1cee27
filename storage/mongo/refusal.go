package mongo

import (
	"errors"
	"strings"

	"go.mongodb.org/mongo-driver/mongo"

	"nightwire/storage"
)

// The ways in which a write turns out not to have been made, because of another write. They do not leave this package.
var (
	// errAgain: the document is no longer as it was read.
	errAgain = errors.New("another write came first")
	// errDuplicate: another document has the identifier, or, where the server does not tell, the _id.
	errDuplicate = errors.New("another document has the identifier")
)

// unwritten is the failure of a write that the server refused: for certain nothing was written.
type unwritten struct{ error }

func (u unwritten) Unwrap() error { return u.error }

// refusal makes of the error of one insert, replacement or deletion what it means. Whatever is not unwritten may have been
// done all the same.
func refusal(op string, err error) error {
	var refused mongo.WriteException
	switch {
	case err == nil:
		return nil
	case isDuplicate(err):
		if duplicateField(err) == "_id" {
			return unwritten{taken(err)}
		}
		return unwritten{errDuplicate}
	case isTooLarge(err):
		return unwritten{classify(op, err)}
	case errors.As(err, &refused) && len(refused.WriteErrors) > 0 && refused.WriteConcernError == nil && !isAway(err):
		return unwritten{classify(op, err)}
	default:
		return classify(op, err)
	}
}

// isDuplicate reports whether another document has a value that must be unique. FerretDB 1 says so in a way of its own when a
// document is replaced.
func isDuplicate(err error) bool {
	var server mongo.ServerError
	return mongo.IsDuplicateKeyError(err) || errors.As(err, &server) && server.HasErrorCodeWithMessage(1, "UNIQUE constraint failed")
}

func isUnwritten(err error) bool { return errors.As(err, new(unwritten)) }

// taken says that a document's identifier or _id belongs to another one. Of the cause the text remains: nobody is to take it
// for an errDuplicate any more.
func taken(cause error) error {
	return &storage.Error{Kind: storage.ErrTaken, Message: "Another document has this identifier or _id", Cause: errors.New(cause.Error())}
}

// duplicateField is the field whose value another document has already, "" where the server does not tell.
func duplicateField(err error) string {
	var refused mongo.WriteException
	if !errors.As(err, &refused) {
		return ""
	}
	for _, e := range refused.WriteErrors {
		if pattern, ok := e.Raw.Lookup("keyPattern").DocumentOK(); ok {
			if fields, err := pattern.Elements(); err == nil && len(fields) > 0 {
				return fields[0].Key()
			}
		}
		if strings.Contains(e.Message, "index: _id_ ") {
			return "_id"
		}
	}
	return ""
}
