package v3

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"nightwire/storage"
)

// maxBody is the largest request body, before and after inflating (spec §1).
const maxBody = 50 << 20

var (
	errBadBody  = storage.Invalid("Bad or missing request body")
	errTooLarge = &storage.Error{Kind: storage.ErrTooLarge, Message: "Request body too large"}
)

// document reads the body of a write. Bodies that are not application/json, and empty ones, count as {} (spec §1). An
// array becomes an object of its indexes, as JavaScript sees it, and so fails for its missing fields.
func (r *request) document() (storage.Document, error) {
	text, err := r.body()
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return "{}", nil
	}
	v, err := storage.Decode(text)
	if err != nil {
		return "", bodyError(err)
	}
	switch v.Type() {
	case storage.Object:
		return storage.NewDocument(v)
	case storage.Array:
		return indexed(v), nil
	default:
		return "", errBadBody
	}
}

// bodyError gives what is no JSON the original's text; the other refusals say themselves what is wrong.
func bodyError(err error) error {
	var shown *storage.Error
	if errors.As(err, &shown) && !strings.HasPrefix(shown.Message, "not valid JSON") {
		return err
	}
	return errBadBody
}

// indexed is an array as an object of its indexes.
func indexed(array storage.Value) storage.Document {
	out := []byte{'{'}
	i := int64(0)
	for v := range array.Elements() {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(strconv.AppendInt(append(out, '"'), i, 10), '"', ':')
		out = append(out, v...)
		i++
	}
	return storage.Document(append(out, '}'))
}

// body returns the inflated body when it is JSON, and nothing when it is not.
func (r *request) body() ([]byte, error) {
	q := r.Request()
	media, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, nil
	}
	if charset := strings.ToLower(params["charset"]); charset != "" && charset != "utf-8" && charset != "utf8" {
		return nil, errBadBody
	}
	limited := http.MaxBytesReader(r.Response(), q.Body, maxBody)
	plain, err := inflate(q.Header.Get("Content-Encoding"), limited)
	if err != nil {
		return nil, readError(err)
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxBody+1))
	if err != nil {
		return nil, readError(err)
	}
	if len(text) > maxBody {
		return nil, errTooLarge
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

func inflate(encoding string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(encoding) {
	case "", "identity":
		return r, nil
	case "gzip":
		return gzip.NewReader(r)
	case "deflate":
		return zlib.NewReader(r)
	default:
		return nil, errBadBody
	}
}

func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge
	}
	return &storage.Error{Kind: storage.ErrInvalid, Message: "Bad or missing request body", Cause: err}
}
