package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"nightwire/storage/sqlite"
)

const writers = 64

// upserts measures durable REST upserts a second over 64 connections beside the bare engine with 64 writers, in turn.
func upserts(o options) error {
	for round := range o.rounds {
		rest, err := restUpserts(o)
		if err != nil {
			return err
		}
		bare, err := engineUpserts(o)
		if err != nil {
			return err
		}
		fmt.Printf("round %d: REST %.0f/s, engine %.0f/s, ratio %.2f\n", round, rest, bare, rest/bare)
	}
	return nil
}

func restUpserts(o options) (float64, error) {
	p, who, err := launchNightwire(o)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	return load(o.length, func() (func(int) error, error) {
		w, err := newWriter(p.address, who.jwt)
		if err != nil {
			return nil, err
		}
		return func(n int) error { return w.post(document(n)) }, nil
	})
}

func engineUpserts(o options) (float64, error) {
	dir, err := os.MkdirTemp("", "nightwire-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	engine, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	return load(o.length, func() (func(int) error, error) {
		return func(n int) error {
			_, err := engine.Apply(ctx, engineWrite(n))
			return err
		}, nil
	})
}

// load runs one writer per connection for the time given and returns the writes a second.
func load(length time.Duration, connect func() (write func(n int) error, err error)) (float64, error) {
	var done, next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	end := time.Now().Add(length)
	for range writers {
		write, err := connect()
		if err != nil {
			return 0, err
		}
		all.Go(func() {
			for time.Now().Before(end) && failed.Load() == nil {
				if err := write(int(next.Add(1))); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / length.Seconds(), nil
}
