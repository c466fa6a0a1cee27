package sqlite

import (
	"fmt"
	"strconv"
	"strings"

	"nightwire/storage"
)

// cursor is the place of a change: the journal's epoch and the change's number.
func cursor(epoch string, seq int64) storage.Cursor {
	return storage.Cursor(epoch + "-" + strconv.FormatInt(seq, 10))
}

// parseCursor is the number in a cursor of this journal. Errors: ErrGap.
func parseCursor(epoch string, c storage.Cursor) (int64, error) {
	of, number, found := strings.Cut(string(c), "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !found || of != epoch || err != nil || seq < 0 || strconv.FormatInt(seq, 10) != number {
		return 0, fmt.Errorf("the cursor %.60q is of another journal: %w", c, storage.ErrGap)
	}
	return seq, nil
}
