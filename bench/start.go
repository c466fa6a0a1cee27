package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// start measures the time from the start of the process to its first answer, on an empty and on a filled database.
func start(o options) error {
	filled, err := os.MkdirTemp("", "nightwire-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(filled)
	if err := fill(filled, o.docs); err != nil {
		return err
	}
	for round := range o.rounds {
		empty, err := os.MkdirTemp("", "nightwire-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(empty)
		first, err := timeStart(o.binary, empty)
		if err != nil {
			return err
		}
		full, err := timeStart(o.binary, filled)
		if err != nil {
			return err
		}
		fmt.Printf("round %d: empty %v, %d documents %v\n", round, first.Round(time.Millisecond), o.docs, full.Round(time.Millisecond))
	}
	return nil
}

func timeStart(binary, dir string) (time.Duration, error) {
	p, ready, err := launch(binary, dir)
	if err != nil {
		return 0, err
	}
	p.stop()
	return ready, nil
}

// fill writes documents through the engine, a thousand at a time.
func fill(dir string, n int) error {
	ctx := context.Background()
	engine, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	for at := 0; at < n; at += 1000 {
		group := make([]storage.Write, 0, 1000)
		for i := at; i < min(at+1000, n); i++ {
			group = append(group, engineWrite(i))
		}
		if _, err := engine.Apply(ctx, group...); err != nil {
			return err
		}
	}
	return engine.Close()
}

// engineWrite is the write that a POST of the n-th document comes to, without the rules.
func engineWrite(n int) storage.Write {
	doc, _ := storage.DecodeDocument(document(n)) // our own document is valid
	return storage.Write{
		Collection: "entries",
		Key:        storage.Key{Identifier: doc.Identifier()},
		Decide: func(stored *storage.Stored, now int64) (storage.Next, error) {
			d := doc.Edit()
			d.Set("srvModified", storage.IntValue(now))
			next := storage.Next{Kind: storage.Create, Document: d.Document()}
			if stored != nil {
				next.Kind = storage.Update
			}
			return next, nil
		},
	}
}
