package sqlite

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// busyTimeout is how long a connection waits for a lock. Only a backup or a foreign tool ever holds one for long.
const busyTimeout = 5 * time.Second

// openDatabase opens the file for writing, or makes it.
func openDatabase(ctx context.Context, path string) (*sqlite.Conn, error) {
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("the database file %s cannot be made: %w", path, err)
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, openError(path, err)
	}
	conn.SetInterrupt(ctx.Done())
	err = prepare(conn, path)
	conn.SetInterrupt(nil)
	if err != nil {
		return nil, errors.Join(openError(path, err), conn.Close())
	}
	return conn, nil
}

// private makes a file that only its owner may read, if there is none: these are health data. SQLite gives its further
// files the same mode.
func private(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func openError(path string, err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return damaged(path, err)
	default:
		return fmt.Errorf("the database file %s cannot be used: %w", path, err)
	}
}

// checkHeader looks at the start of the file with our own eyes, because SQLite takes some damaged files for empty ones.
func checkHeader(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the database file %s cannot be read: %w", path, err)
	}
	defer file.Close()
	var header [100]byte
	n, err := io.ReadFull(file, header[:])
	switch {
	case err == io.EOF: // made, but nothing was written yet
		return nil
	case err == io.ErrUnexpectedEOF:
		return damaged(path, fmt.Errorf("it ends after %d bytes", n))
	case err != nil:
		return fmt.Errorf("the database file %s cannot be read: %w", path, err)
	case !soundHeader(header):
		return damaged(path, errors.New("it does not begin as an SQLite file does"))
	}
	return nil
}

// soundHeader checks the fields of an SQLite header that can only have a few values (https://www.sqlite.org/fileformat2.html).
func soundHeader(h [100]byte) bool {
	return bytes.HasPrefix(h[:], []byte("SQLite format 3\x00")) &&
		(h[18] == 1 || h[18] == 2) && h[19] == h[18] && // versions to write and to read: with or without write-ahead log
		bytes.Equal(h[20:24], []byte{0, 64, 32, 32}) && // reserved space, payload fractions
		bytes.Equal(h[44:47], make([]byte, 3)) && h[47] <= 4 && // schema format
		bytes.Equal(h[56:59], make([]byte, 3)) && h[59] <= 1 && // text encoding
		bytes.Equal(h[72:92], make([]byte, 20)) // kept for the future
}

// prepare sets the pragmas, makes the tables of a new file, and refuses files that are not ours.
func prepare(conn *sqlite.Conn, path string) error {
	conn.SetBusyTimeout(busyTimeout)
	objects, err := ask(conn, `SELECT count(*) FROM sqlite_schema`)
	if err != nil {
		return err
	}
	for _, p := range [][3]string{
		{"journal_mode", "WAL", "wal"},
		{"synchronous", "FULL", "2"}, // an acknowledged write survives a loss of power
		{"cache_size", "-16384", "-16384"},
		{"temp_store", "MEMORY", "2"},
		{"wal_autocheckpoint", "1000", "1000"},
		{"journal_size_limit", "67108864", "67108864"},
		{"trusted_schema", "OFF", "0"},
		{"cell_size_check", "ON", "1"},
	} {
		if err := pragma(conn, p[0], p[1], p[2]); err != nil {
			return err
		}
	}
	if objects == "0" {
		if err := initialise(conn); err != nil {
			return err
		}
	}
	if err := checkMarks(conn); err != nil {
		return err
	}
	return checkSize(conn, path)
}

// initialise makes the tables of a new file.
func initialise(conn *sqlite.Conn) error {
	statements := append([]string{"BEGIN IMMEDIATE"}, baseTables...)
	statements = append(statements,
		fmt.Sprintf(`INSERT INTO _meta (epoch) VALUES ('%s')`, newEpoch()),
		fmt.Sprintf(`PRAGMA application_id = %d`, applicationID),
		fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion),
		"COMMIT")
	if err := script(conn, statements...); err != nil {
		return fmt.Errorf("making a new database: %w", err)
	}
	return nil
}

// adopt makes a file of the first version one of this program's. Its tables stay as they are, because SQLite reads every row
// of a STRICT table that is given a further column, and a start must not take that long: instead, the column that they lack
// counts as odd in them, and no query uses it.
func adopt(conn *sqlite.Conn, collections map[string]collection) error {
	version, err := ask(conn, "PRAGMA user_version")
	if err != nil || version == strconv.Itoa(schemaVersion) {
		return err
	}
	err = script(conn, "BEGIN IMMEDIATE",
		fmt.Sprintf(`UPDATE _collections SET odd = odd | %d`, 1<<number),
		fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion),
		"COMMIT")
	if err != nil {
		return fmt.Errorf("adopting an older version's file: %w", err)
	}
	for name, c := range collections {
		c.odd |= 1 << number
		collections[name] = c
	}
	return nil
}

// complete adds what an older program's file lacks.
func complete(conn *sqlite.Conn, collections map[string]collection) error {
	if err := adopt(conn, collections); err != nil {
		return err
	}
	for name := range collections {
		for _, sql := range newTable(name).unstamped {
			if err := once(conn, sql); err != nil {
				return fmt.Errorf("making the indexes of %s: %w", name, err)
			}
		}
	}
	return nil
}

// newEpoch names a journal, so that cursors of another one are recognised.
func newEpoch() string { return strings.ToLower(rand.Text()[:16]) }

func checkMarks(conn *sqlite.Conn) error {
	id, err := ask(conn, "PRAGMA application_id")
	if err != nil {
		return err
	}
	if id != strconv.Itoa(applicationID) {
		return errors.New("it is not a Nightwire database")
	}
	text, err := ask(conn, "PRAGMA user_version")
	if err != nil {
		return err
	}
	if version, err := strconv.Atoi(text); err != nil || version > schemaVersion || version < 1 {
		return fmt.Errorf("it has version %s of the layout and this program knows %d at most: use the newer program, or a backup that an older one made",
			text, schemaVersion)
	}
	return nil
}

// checkSize brings the write-ahead log of an earlier, killed process into the file, and makes sure that nothing was cut
// off the file.
func checkSize(conn *sqlite.Conn, path string) error {
	if err := once(conn, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	pages, err := ask(conn, "PRAGMA page_count")
	if err != nil {
		return err
	}
	size, err := ask(conn, "PRAGMA page_size")
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(pages, 10, 64)
	if err != nil {
		return err
	}
	each, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < n*each {
		return damaged(path, fmt.Errorf("it has %d bytes of %d", info.Size(), n*each))
	}
	return nil
}

// openReader opens a connection that cannot write.
func openReader(path string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(busyTimeout)
	if err := pragma(conn, "query_only", "ON", "1"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
