package v2

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"nightwire/storage"
)

const (
	maxBody       = 1 << 20
	maxParameters = 1000 // of a form
)

// body is what a request's body holds.
type body struct {
	rest          []byte // a JSON object without the credentials, which must not be stored with it
	secret, token string
}

// readBody reads a JSON or urlencoded body; any other is as good as none. Errors: errMalformed, errTooLarge.
func (r *request) readBody() (body, error) {
	parse := parserOf(r.Request().Header.Get("Content-Type"))
	if parse == nil {
		return body{rest: []byte("{}")}, nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(r.Response(), r.Request().Body, maxBody))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return body{}, errTooLarge
	case err != nil:
		return body{}, fmt.Errorf("%w: %w", errMalformed, err)
	case len(text) == 0:
		return body{rest: []byte("{}")}, nil
	}
	draft, err := parse(text)
	if err != nil {
		return body{}, err
	}
	b := body{secret: draft.Get("secret").Text(), token: draft.Get("token").Text()}
	draft.Delete("secret")
	draft.Delete("token")
	b.rest = []byte(draft.Document())
	return b, nil
}

func parserOf(contentType string) func([]byte) (*storage.Draft, error) {
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil && media == "":
		return nil
	case media == "application/json":
		return parseJSON
	case media == "application/x-www-form-urlencoded":
		return parseForm
	}
	return nil
}

func parseJSON(text []byte) (*storage.Draft, error) {
	doc, err := storage.DecodeDocument(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return doc.Edit(), nil
}

// parseForm reads an urlencoded body as Express does, as far as accounts need it: a name that ends in [] or [n], or that
// comes more than once, is an array of strings; every other value is a string.
func parseForm(text []byte) (*storage.Draft, error) {
	if strings.Count(string(text), "&") >= maxParameters {
		return nil, errTooLarge
	}
	var names []string // in order of appearance
	lists := map[string]*list{}
	for pair := range strings.SplitSeq(string(text), "&") {
		key, value, _ := strings.Cut(pair, "=")
		name, many := arrayName(unescape(key))
		if name == "" || strings.HasPrefix(name, "$") || strings.ContainsRune(name, 0) {
			continue // no name that a document may have
		}
		if lists[name] == nil {
			lists[name] = new(list)
			names = append(names, name)
		}
		lists[name].add(unescape(value), many)
	}
	draft := new(storage.Draft)
	for _, name := range names {
		draft.Set(name, lists[name].value())
	}
	return draft, nil
}

// list is what an urlencoded body says of one name.
type list struct {
	values []string // encoded
	many   bool
}

func (l *list) add(text string, many bool) {
	l.values = append(l.values, string(storage.StringValue(text)))
	l.many = l.many || many || len(l.values) > 1
}

func (l *list) value() storage.Value {
	if l.many {
		return storage.Value("[" + strings.Join(l.values, ",") + "]")
	}
	return storage.Value(l.values[0])
}

func unescape(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		plain = text // Express leaves a bad escape as it is
	}
	return strings.ToValidUTF8(plain, "\uFFFD")
}

// arrayName splits roles[] and roles[0] from plain names.
func arrayName(key string) (name string, many bool) {
	name, index, ok := strings.Cut(key, "[")
	if !ok || !strings.HasSuffix(index, "]") || strings.Trim(index, "0123456789]") != "" {
		return key, false
	}
	return name, true
}
