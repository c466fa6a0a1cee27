package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// Check looks for identifiers that several documents share, for documents that cannot be shown as they are, and for indexes
// that the start could not make.
func (e *Engine) Check(ctx context.Context, report func(storage.Flaw) bool) error {
	collections, err := e.Collections(ctx)
	if err != nil {
		return err
	}
	for _, name := range collections {
		for _, look := range []func(context.Context, string, func(storage.Flaw) bool) (more bool, err error){
			e.checkIndexes, e.checkIdentifiers, e.checkDocuments,
		} {
			if more, err := look(ctx, name, report); !more || err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) checkIndexes(ctx context.Context, collection string, report func(storage.Flaw) bool) (bool, error) {
	open, cancel := e.whileOpen(ctx)
	defer cancel()
	c := e.db.Collection(e.physical(collection))
	have, err := listIndexes(open, c)
	if err != nil {
		return false, failed(ctx, "listing the indexes of "+c.Name(), err)
	}
	more := true
	if !slices.ContainsFunc(have, index.guards) {
		more = report(storage.Flaw{Where: c.Name(), What: "identifiers are not kept unique by the database",
			Remedy: "remove all but one of the documents that share an identifier, and start again"})
	}
	for _, fields := range e.indexedFields(collection) {
		if more && !slices.ContainsFunc(have, func(x index) bool { return x.serves(fields) }) {
			more = report(storage.Flaw{Where: c.Name(), What: fmt.Sprintf("there is no index on %v", fields), Remedy: "let Nightwire make it, as a user that may, or make it by hand"})
		}
	}
	return more, nil
}

func (e *Engine) checkIdentifiers(ctx context.Context, collection string, report func(storage.Flaw) bool) (bool, error) {
	open, cancel := e.whileOpen(ctx)
	defer cancel()
	c := e.db.Collection(e.physical(collection))
	names, others, err := duplicates(open, c)
	if err != nil {
		return false, failed(ctx, "looking for duplicate identifiers in "+c.Name(), err)
	}
	const remedy = "remove all but one of them"
	for _, name := range names {
		if !report(storage.Flaw{Where: c.Name(), What: fmt.Sprintf("several documents have the identifier %.80q", name), Remedy: remedy}) {
			return false, nil
		}
	}
	return !others || report(storage.Flaw{Where: c.Name(), What: "more documents share an identifier", Remedy: remedy}), nil
}

// checkDocuments reads every document. What is shown of it must be what the program would take from a client.
func (e *Engine) checkDocuments(ctx context.Context, collection string, report func(storage.Flaw) bool) (more bool, err error) {
	more = true
	err = e.sweep(ctx, collection, func(raw bson.Raw) (bool, error) {
		if what := notShown(raw); what != "" {
			more = report(storage.Flaw{Where: e.physical(collection), What: fmt.Sprintf("document with the _id %.80s: %s", shownID(raw.Lookup("_id")), what),
				Remedy: "correct it with the program that wrote it, or remove it"})
		}
		return more, nil
	})
	return more, err
}

// notShown says why a document cannot be shown or exported; "": it can.
func notShown(raw bson.Raw) string {
	r, err := decode(raw)
	if err != nil {
		return err.Error()
	}
	if _, err := storage.DecodeDocument([]byte(r.doc)); err != nil {
		return err.Error()
	}
	return ""
}
