package storage

import (
	"context"
	"iter"
)

// Dumper is what an engine offers besides, so that all it holds can be moved elsewhere.
type Dumper interface {
	// Collections are the names of the collections that hold documents, reserved ones included, in alphabetical order. Errors:
	// ErrUnavailable.
	Collections(ctx context.Context) ([]string, error)
	// Dump yields all documents of a collection, tombstones included, in no particular order. What is written meanwhile may be
	// among them or not; each document is as it was at some moment of the call. Errors: ErrUnavailable.
	Dump(ctx context.Context, collection string) iter.Seq2[Dumped, error]
}

// Dumped is a document as it is stored.
type Dumped struct {
	ID       string   // its _id, as it is shown; empty: it has none
	Foreign  bool     // it has no identifier of its own
	Document Document // without identifier when it is foreign
}

// NewDumped makes a Dumped of a document as an engine shows it, with a borrowed identifier when it is foreign.
func NewDumped(id string, s Stored) Dumped { return Dumped{id, s.Foreign, s.own(s.Document)} }

// Checker is what an engine offers besides, to be looked over as a whole.
type Checker interface {
	// Check reads everything, changes nothing, and reports what is wrong until report returns false. Errors: ErrUnavailable,
	// and what keeps it from reading on.
	Check(ctx context.Context, report func(Flaw) bool) error
}

// Flaw is something that Check found wrong.
type Flaw struct {
	Where  string // collection, or part of the database
	What   string // what is wrong, with the document's name where it is one
	Remedy string // what to do about it
}
