// Command nightwire is a server for live documents: Nightscout's REST APIv3, every change of a document on the Socket.IO
// namespace /storage, alarms on /alarm, and the websockets of Directus and Daptin.
//
// Package main owns the settings (settings.go, with files of their own for MongoDB's and those of the websockets), puts the parts together
// (server.go, faces.go, usersface.go), greets on the first start (firststart.go) and stops them in reverse order. It owns no rule of
// documents, rights or protocols.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// version is this server's own version.
const version = "0.1.0"

const usage = `nightwire serves live documents: Nightscout's REST APIv3, its Socket.IO namespace /storage, the websockets of Directus and Daptin, and the Users event socket.

Usage: nightwire [--help | --version]` + commandUsage + `
It is configured by environment variables:

`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program: 0 after a graceful stop, 1 when the server could not start or failed, 2 for a wrong call.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		return answer(args, stdout, stderr)
	}
	set, err := readSettings(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(stderr, "nightwire:", err)
		return 1
	}
	log := newLog(set, stderr)
	slog.SetDefault(log)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := start(ctx, set, stdout, log)
	if err != nil {
		fmt.Fprintln(stderr, "nightwire:", err)
		return 1
	}
	if err := s.serve(ctx, stop); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("stopped", "error", err)
		return 1
	}
	log.Info("stopped")
	return 0
}

// answer handles the calls with arguments.
func answer(args []string, stdout, stderr io.Writer) int {
	switch args[0] {
	case "-h", "--help", "help":
		fmt.Fprint(stdout, usage)
		printSettings(stdout)
		return 0
	case "--version", "version":
		fmt.Fprintln(stdout, "nightwire", version)
		return 0
	}
	if _, ok := commands[args[0]]; ok {
		return runCommand(args[0], args[1:], os.Stdin, stdout, stderr)
	}
	fmt.Fprintf(stderr, "nightwire: unknown argument %q; see nightwire --help\n", args[0])
	return 2
}

func newLog(s settings, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: s.logLevel}
	if s.logJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
