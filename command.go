package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"nightwire/storage"
	"nightwire/storage/sqlite"
)

const commandUsage = `
       nightwire export FILE                writes all documents into a new file (-: to stdout)
       nightwire import [--skip-bad] FILE   reads such a file (-: stdin) into the database that is configured
       nightwire check                      looks over the database and names what is wrong
`

// commands are what the program does besides serving. With the embedded engine the server must be stopped for them.
var commands = map[string]struct {
	run   func(context.Context, *call) error
	makes bool // the database, where there is none
}{
	"export": {runExport, false},
	"import": {runImport, true},
	"check":  {runCheck, false},
}

var errUsage = errors.New("wrong arguments; see nightwire --help")

// call is one call of a command.
type call struct {
	args     []string
	settings settings
	makes    bool
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	log      *slog.Logger
	progress progress
}

// engine is what the commands need of an engine; both engines offer it.
type engine interface {
	storage.Engine
	storage.Dumper
	storage.Checker
}

// runCommand is a command: 0 when it is done, 1 when it failed or found something wrong, 2 for a wrong call.
func runCommand(name string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	set, err := readSettings(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(stderr, "nightwire:", err)
		return 1
	}
	set.logLevel = max(set.logLevel, slog.LevelWarn) // what is done is told by the command itself
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	does := commands[name]
	c := &call{
		args: args, settings: set, makes: does.makes, stdin: stdin, stdout: stdout, stderr: stderr, log: newLog(set, stderr),
		progress: progress{w: stderr, last: time.Now()},
	}
	switch err := does.run(ctx, c); {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(stderr, "nightwire:", err)
		return 2
	default:
		fmt.Fprintln(stderr, "nightwire:", err)
		return 1
	}
}

// withEngine opens the database that is configured for f.
func (c *call) withEngine(ctx context.Context, f func(engine) error) error {
	if !c.makes {
		if err := c.settings.databaseExists(); err != nil {
			return err
		}
	}
	opened, err := openEngine(ctx, c.settings, c.log)
	if err != nil {
		return err
	}
	e, ok := opened.(engine)
	if !ok {
		return errors.Join(errors.New("this engine cannot do that"), opened.Close())
	}
	return errors.Join(f(e), e.Close())
}

// databaseExists keeps a command that only reads from making an empty database where there is none.
func (s *settings) databaseExists() error {
	if s.mongoURI != "" {
		return nil
	}
	path := filepath.Join(s.dataDir, sqlite.FileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s; set DATA_DIR, or MONGODB_URI", path)
	}
	return nil
}

// say tells the user something; stdout may be the export.
func (c *call) say(format string, args ...any) { fmt.Fprintf(c.stderr, format+"\n", args...) }

// progressEvery is how often a long work tells how far it is.
const progressEvery = 2 * time.Second

// progress tells now and then how far a work is.
type progress struct {
	w    io.Writer
	last time.Time
}

func (p *progress) tell(format string, args ...any) {
	if time.Since(p.last) >= progressEvery {
		p.last = time.Now()
		fmt.Fprintf(p.w, format+"\n", args...)
	}
}
