package storage

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// MaxIdentifier is how many bytes an identifier may have.
const MaxIdentifier = 1024

// identifierSpace is the name space of computed identifiers.
var identifierSpace = uuid.UUID([]byte("NightscoutRocks!"))

// computedIdentifier is the identifier that a document gets whose client gave none: the same for the same device, time and
// kind of event, so that a repeated upload meets the document again (spec nightscout-v3 §2).
func computedIdentifier(doc *Draft) string {
	name := jsText(doc.Get("device")) + "_" + jsText(doc.Get("date"))
	if event := doc.Get("eventType"); event.Truthy() {
		name += "_" + jsText(event)
	}
	return uuid.NewSHA1(identifierSpace, []byte(name)).String()
}

// validIdentifier tells whether a document may be known by this text: not blank, at most MaxIdentifier bytes, UTF-8
// without NUL.
func validIdentifier(text string) bool {
	return !isBlank(text) && len(text) <= MaxIdentifier && utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}
