package mongo

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"nightwire/storage"
)

// maxCursor is more than the tokens of all collections take.
const maxCursor = 64 << 10

// place is where a reader of one change stream is.
type place struct {
	token bson.Raw            // of the last event that was read, or of a later moment in which nothing happened
	since primitive.Timestamp // where there is no token yet: the server's time from which on events are to be read
}

// cursor is the text of the places in all streams: their checksum and a BSON document with a token or a timestamp for each
// name, as base64url. Nobody else's cursor has the checksum, since it covers the epoch.
func (s *stream) cursor(places []place) storage.Cursor {
	at, text := bsoncore.AppendDocumentStart(make([]byte, 4, 256))
	for i, name := range s.names {
		if p := places[i]; p.token != nil {
			text = bsoncore.AppendDocumentElement(text, name, bsoncore.Document(p.token))
		} else {
			text = bsoncore.AppendTimestampElement(text, name, p.since.T, p.since.I)
		}
	}
	text, _ = bsoncore.AppendDocumentEnd(text, at)
	binary.BigEndian.PutUint32(text, s.checksum(text[4:]))
	return storage.Cursor(base64.RawURLEncoding.EncodeToString(text))
}

func (s *stream) checksum(body []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(s.epoch)), crc32.IEEETable, body)
}

// parse is the places in a cursor of this stream. Errors: ErrGap.
func (s *stream) parse(c storage.Cursor) ([]place, error) {
	if len(c) > maxCursor {
		return nil, foreignCursor(c)
	}
	text, err := base64.RawURLEncoding.DecodeString(string(c))
	if err != nil || len(text) < 4 || binary.BigEndian.Uint32(text) != s.checksum(text[4:]) {
		return nil, foreignCursor(c)
	}
	body := bson.Raw(text[4:])
	elements, err := body.Elements()
	if err != nil || !sound(body, 0) || len(elements) != len(s.names) {
		return nil, foreignCursor(c)
	}
	places := make([]place, len(s.names))
	for i, element := range elements {
		if !places[i].read(element.Value()) {
			return nil, foreignCursor(c)
		}
	}
	if s.cursor(places) != c { // other names, or line breaks, which base64 allows
		return nil, foreignCursor(c)
	}
	return places, nil
}

// read takes over what a cursor says of one stream, and reports whether it makes sense.
func (p *place) read(v bson.RawValue) bool {
	switch v.Type {
	case bson.TypeEmbeddedDocument:
		p.token = bytes.Clone(v.Document())
		return true
	case bson.TypeTimestamp:
		p.since.T, p.since.I = v.Timestamp()
		return true
	default:
		return false
	}
}

func foreignCursor(c storage.Cursor) error {
	return fmt.Errorf("the cursor %.60q is of another journal: %w", c, storage.ErrGap)
}
