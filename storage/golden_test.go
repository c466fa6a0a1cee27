package storage_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// step is one recorded exchange with the original server.
type step struct {
	Name    string
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status int
		Body   json.RawMessage
	}
	Events map[string][]struct {
		Event string
		Args  []struct {
			ColName, Identifier string
			Doc                 json.RawMessage
		}
	}
}

// differences are the steps that end otherwise here, on purpose.
var differences = map[string]int{
	"create: unicode identifier":       201, // any identifier can be written
	"create: field name with dot":      201, // FerretDB refuses it, MongoDB does not
	"create: array of one":             0,   // what arrays mean is the face's business
	"update: array body":               0,
	"read: identifier with dot is cut": 0, // and so are extensions
}

var (
	recordedSteps = regexp.MustCompile(`^(create|dedup|update|read|sec|v1): `)
	documentPath  = regexp.MustCompile(`^/api/v([13])/([a-z]+)(?:\.json)?(?:/([^/?.]+))?$`)
	recordedToken = regexp.MustCompile(`^Bearer <JWT:(\w+)>$`)
)

// TestRecordedAnswers replays what the original server answered to reads and writes of documents, and checks the answers,
// the order of errors, and the documents that its events showed.
func TestRecordedAnswers(t *testing.T) {
	steps := recorded(t)
	h := newHouse(t, storage.Options{})
	enrol(h, steps)
	replayed := 0
	for _, s := range steps {
		path := documentPath.FindStringSubmatch(s.Request.Path)
		expected, different := differences[s.Name]
		if !recordedSteps.MatchString(s.Name) || path == nil || different && expected == 0 {
			continue
		}
		if path[1] == "1" {
			importRecorded(h, path[2], s)
			continue
		}
		token := recordedToken.FindStringSubmatch(s.Request.Headers["authorization"])
		if token == nil || s.Request.Headers["if-modified-since"] != "" || s.Request.Headers["if-none-match"] != "" {
			continue
		}
		var fields map[string]any
		if len(s.Request.Body) > 0 && json.Unmarshal(s.Request.Body, &fields) != nil {
			continue
		}
		if !different {
			expected = s.Response.Status
		}
		if expected == 406 || expected == 500 || len(s.Response.Body) == 0 { // rendering, and what became 400
			continue
		}
		replayed++
		t.Run(s.Name, func(t *testing.T) {
			replay(t, h, h.login("golden "+token[1]), path[2], path[3], expected, s)
		})
	}
	if replayed < 210 {
		t.Errorf("only %d steps were replayed", replayed)
	}
}

func recorded(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile("../e2e/golden/nightscout/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var recording struct{ Steps []step }
	var loose struct{ Steps []json.RawMessage }
	if err := json.Unmarshal(text, &loose); err != nil {
		t.Fatal(err)
	}
	for _, raw := range loose.Steps {
		var s step
		// Socket steps have answers of other shapes; they are not replayed here.
		if json.Unmarshal(raw, &s) == nil {
			recording.Steps = append(recording.Steps, s)
		}
	}
	return recording.Steps
}

// enrol creates the recorded roles and subjects.
func enrol(h *house, steps []step) {
	h.t.Helper()
	for _, s := range steps {
		kind := security.Subjects
		if strings.HasPrefix(s.Name, "auth: create role golden-") {
			kind = security.Roles
		} else if !strings.HasPrefix(s.Name, "auth: create subject golden ") || s.Response.Status != 200 {
			continue
		}
		if _, err := h.guard.Create(h.t.Context(), security.Operator(), kind, s.Request.Body); err != nil {
			h.t.Fatal(s.Name, err)
		}
	}
}

// importRecorded does what APIv1 did with a document.
func importRecorded(h *house, collection string, s step) {
	h.t.Helper()
	var docs []json.RawMessage
	if err := json.Unmarshal(s.Response.Body, &docs); err != nil {
		h.t.Fatal(s.Name, err)
	}
	for _, raw := range docs {
		d := document(h.t, string(raw)).Edit()
		id := d.Get("_id").Text()
		d.Delete("_id")
		h.imported(collection, id, string(d.Document()))
	}
}

func replay(t *testing.T, h *house, r storage.Request, collection, escaped string, expected int, s step) {
	identifier, err := url.PathUnescape(escaped)
	if err != nil {
		t.Fatal(err)
	}
	switch s.Request.Headers["if-unmodified-since"] {
	case "Mon, 01 Jan 2018 00:00:00 GMT":
		r.UnmodifiedSince = 1514764800000
	case "Fri, 01 Jan 2100 00:00:00 GMT":
		r.UnmodifiedSince = 4102444800000
	}
	var res storage.Result
	var doc storage.Document
	switch ctx := t.Context(); {
	case s.Request.Method == "GET" && identifier == "":
		for found, failed := range h.Search(ctx, r, collection, storage.Query{Limit: 1}) {
			doc, err = found, failed
		}
	case s.Request.Method == "GET":
		doc, err = h.Read(ctx, r, collection, identifier)
	case s.Request.Method == "DELETE":
		res, err = h.Delete(ctx, r, collection, identifier, false)
	default:
		body := storage.Document("{}")
		if len(s.Request.Body) > 0 && string(s.Request.Body) != "null" {
			body = document(t, string(s.Request.Body))
		}
		switch s.Request.Method {
		case "POST":
			res, err = h.Create(ctx, r, collection, body)
		case "PUT":
			res, err = h.Update(ctx, r, collection, identifier, body)
		case "PATCH":
			res, err = h.Patch(ctx, r, collection, identifier, body)
		}
	}
	status, message := outcome(err, res)
	if status != expected {
		t.Fatalf("status %d (%v), recorded %d", status, err, expected)
	}
	if expected != s.Response.Status {
		return
	}
	compareAnswer(t, s, message, res, doc)
	compareEvent(t, s, res)
}

// outcome is what a face makes of the result.
func outcome(err error, res storage.Result) (status int, message string) {
	var forbidden *security.Forbidden
	var failure *storage.Error
	if errors.As(err, &failure) {
		message = failure.Message
	}
	switch {
	case err == nil && res.Created:
		return 201, ""
	case err == nil:
		return 200, ""
	case errors.As(err, &forbidden):
		return 403, forbidden.Error()
	case errors.Is(err, storage.ErrNotFound):
		return 404, message
	case errors.Is(err, storage.ErrGone):
		return 410, message
	case errors.Is(err, storage.ErrPrecondition):
		return 412, message
	case errors.Is(err, storage.ErrReadOnly):
		return 422, message
	case errors.Is(err, storage.ErrInvalid):
		return 400, message
	}
	return 500, err.Error()
}

func compareAnswer(t *testing.T, s step, message string, res storage.Result, doc storage.Document) {
	t.Helper()
	var answer struct {
		Message, Identifier, DeduplicatedIdentifier string
		IsDeduplication                             bool
		Result                                      json.RawMessage
	}
	if err := json.Unmarshal(s.Response.Body, &answer); err != nil {
		t.Fatal(err)
	}
	if message != answer.Message {
		t.Errorf("message %q, recorded %q", message, answer.Message)
	}
	if answer.Identifier != "" && res.Identifier != answer.Identifier {
		t.Errorf("identifier %q, recorded %q", res.Identifier, answer.Identifier)
	}
	if res.Deduplicated != answer.DeduplicatedIdentifier {
		t.Errorf("deduplicated identifier %q, recorded %q", res.Deduplicated, answer.DeduplicatedIdentifier)
	}
	if answer.IsDeduplication && res.Created {
		t.Error("created, recorded as deduplicated")
	}
	if strings.HasPrefix(string(answer.Result), "{") && s.Name != "v1: read patched by _id" {
		compareDocument(t, doc, answer.Result)
	}
}

func compareEvent(t *testing.T, s step, res storage.Result) {
	t.Helper()
	for _, events := range s.Events {
		if len(events) != 1 {
			t.Fatalf("%d events recorded", len(events))
		}
		e := events[0]
		if string(res.Change.Kind) != e.Event {
			t.Errorf("change %q, recorded %q", res.Change.Kind, e.Event)
		}
		if e.Event == "delete" {
			if res.Change.Named != e.Args[0].Identifier {
				t.Errorf("deleted %q, recorded %q", res.Change.Named, e.Args[0].Identifier)
			}
			continue
		}
		compareDocument(t, res.Change.After, e.Args[0].Doc)
		return
	}
}

// compareDocument compares fields, values and order; "<NOW>" stands for any time of the test. Patches are compared
// without the order, because events of the original show it otherwise than it is stored.
func compareDocument(t *testing.T, got storage.Document, recorded json.RawMessage) {
	t.Helper()
	want := document(t, string(recorded)).Edit()
	for _, f := range want.Fields() {
		if f.Value == `"<NOW>"` {
			if n, ok := got.Get(f.Name).Int(); !ok || n < 1700000000000 {
				t.Errorf("%s is %s, not the time of a write", f.Name, got.Get(f.Name))
			}
			want.Set(f.Name, got.Get(f.Name))
		}
	}
	if got.Get("modifiedBy") != "" && want.Get("modifiedBy") != "" {
		for _, f := range got.Fields() {
			if want.Get(f.Name) != f.Value {
				t.Errorf("%s is %s, recorded %s", f.Name, f.Value, want.Get(f.Name))
			}
		}
		return
	}
	if got != want.Document() {
		t.Errorf("document\n%s, recorded\n%s", got, want.Document())
	}
}
