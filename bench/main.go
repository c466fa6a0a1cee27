// Command bench measures Nightwire beside what it is compared with, in one run on one machine. It owns the loads and the
// arithmetic; it judges nothing, and no test depends on it. Read main.go first; each measurement has a file of its own.
//
//	go build -o nightwire . && go build -o bench/bench ./bench
//	bench/bench start   -docs 1000000   start to ready, on an empty database and on a filled one
//	bench/bench upserts                 durable REST upserts/s with 64 connections, beside the bare engine
//	bench/bench idle    -clients 5000   memory of an idle Socket.IO WebSocket client
//	bench/bench fanout  -clients 1000   CPU per delivery, beside Node's socket.io (cd bench/node && npm ci)
//	bench/bench live    -clients 1000   REST reads and writes/s with open sockets on /live, beside none
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the flags of all measurements.
type options struct {
	binary  string        // the nightwire to measure
	docs    int           // documents to fill the database with
	clients int           // sockets
	rounds  int           // how often each side is measured, in turn
	length  time.Duration // of one round
	rate    int           // events a second
}

func main() {
	var o options
	set := flag.NewFlagSet("bench", flag.ExitOnError)
	set.StringVar(&o.binary, "binary", "./nightwire", "the server to measure")
	set.IntVar(&o.docs, "docs", 1_000_000, "documents in the filled database")
	set.IntVar(&o.clients, "clients", 1000, "sockets")
	set.IntVar(&o.rounds, "rounds", 3, "rounds of each side")
	set.DurationVar(&o.length, "length", 10*time.Second, "length of a round")
	set.IntVar(&o.rate, "rate", 20, "events a second (fanout)")
	measurements := map[string]func(options) error{"start": start, "upserts": upserts, "idle": idle, "fanout": fanout, "live": live}
	if len(os.Args) < 2 || measurements[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench start|upserts|idle|fanout|live [flags]")
		os.Exit(2)
	}
	_ = set.Parse(os.Args[2:]) // ExitOnError
	if err := measurements[os.Args[1]](o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
