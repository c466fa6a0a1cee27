package v3_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"nightwire/security"
)

// doc is a valid document with that identifier and further members.
func doc(identifier, more string) string {
	return fmt.Sprintf(`{"identifier":%q,%s%s}`, identifier, valid, more)
}

type bulkAnswer struct {
	Status  int
	Message string
	Index   *int
	Results []struct {
		Status                 int
		Identifier, Message    string
		LastModified           int64
		IsDeduplication        bool
		DeduplicatedIdentifier string
	}
}

func (w *world) bulk(path, jwt string, docs ...string) bulkAnswer {
	w.t.Helper()
	resp, body := w.call("POST", path, jwt, "["+strings.Join(docs, ",")+"]")
	var a bulkAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil || a.Status != resp.StatusCode {
		w.t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return a
}

// statuses is the answer in short.
func (a bulkAnswer) statuses() string {
	text := fmt.Sprint(a.Status)
	for _, r := range a.Results {
		text += fmt.Sprintf(" %d%s", r.Status, map[bool]string{true: "d"}[r.IsDeduplication])
	}
	return text
}

func TestBulk(t *testing.T) {
	w := newWorld(t)
	a := w.bulk("/Treatments/Bulk/", w.jwt, doc("a", ""), doc("b", ""), doc("a", `,"notes":"second"`), `{"device":"x","eventType":"Note",`+valid+`}`)
	if a.statuses() != "200 201 201 200d 201" || a.Results[2].Identifier != "a" || a.Results[3].Identifier == "" {
		t.Fatalf("%+v", a)
	}
	if a.Results[0].LastModified >= a.Results[1].LastModified || a.Results[1].LastModified >= a.Results[2].LastModified {
		t.Errorf("out of order: %+v", a)
	}
	w.expect(200, `{"status":200,"result":[{"identifier":"a","notes":"second"}]}`, "GET", "/treatments?fields=identifier,notes&identifier=a", w.jwt, "")
	w.expect(404, `{"status":404}`, "GET", "/treatments/bulk", w.jwt, "") // a document of that name
}

// All or none: the first refusal is the answer and says which document is to blame.
func TestAtomicBulkIsRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	creator := w.bulkRole("creator", "api:food:create")
	w.bulk("/food/bulk", w.jwt, doc("old", ""), doc("locked", `,"isReadOnly":true`))
	for _, c := range []struct {
		name, jwt, last string
		status          int
		message         string
	}{
		{"invalid", w.jwt, `{"identifier":"z"}`, 400, "Bad or missing date field"},
		{"empty", w.jwt, `{}`, 400, "Bad or missing request body"},
		{"no object", w.jwt, `5`, 400, "Bad or missing request body"},
		{"an array", w.jwt, `[` + doc("z", "") + `]`, 400, "Bad or missing request body"},
		{"beyond 64 bits", w.jwt, doc("z", `,"n":9223372036854775808`), 400, "integer 9223372036854775808 is beyond 64 bits"},
		{"read-only", w.jwt, doc("locked", ""), 422, "Trying to modify read-only document"},
		{"immutable", w.jwt, doc("old", `,"device":"other"`), 400, "Field device cannot be modified by the client"},
		{"no right to update", creator, doc("old", ""), 403, "Missing permission api:food:update"},
		{"too large", w.jwt, doc("z", `,"a":"`+strings.Repeat("x", 16<<20)+`"`), 413, "Request body too large"},
	} {
		a := w.bulk("/food/bulk", c.jwt, doc("new", ""), c.last, `{"after":"the first refusal"}`)
		if a.Status != c.status || a.Message != c.message || a.Index == nil || *a.Index != 1 || a.Results != nil {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
	w.expect(404, `{"status":404}`, "GET", "/food/new", w.jwt, "")
}

// bulkRole is a subject with exactly these permissions.
func (w *world) bulkRole(name string, permissions ...string) string {
	w.t.Helper()
	role, err := json.Marshal(map[string]any{"name": name, "permissions": permissions})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.guard.Create(w.t.Context(), security.Operator(), security.Roles, role); err != nil {
		w.t.Fatal(err)
	}
	return w.subject(name, name)
}

// With atomic=false each document is for itself.
func TestBulkOfIndependentDocuments(t *testing.T) {
	w := newWorld(t)
	var docs []string
	want := "200"
	for i := range 300 {
		switch i % 3 {
		case 0:
			docs, want = append(docs, doc(fmt.Sprint("n", i), "")), want+" 201"
		case 1:
			docs, want = append(docs, doc(fmt.Sprint("n", i-1), fmt.Sprintf(`,"seen":%d`, i))), want+" 200d"
		case 2:
			docs, want = append(docs, []string{`{}`, `7`, `{"identifier":"x"}`, doc("x", `,"$a":1`)}[i/3%4]), want+" 400"
		}
	}
	a := w.bulk("/entries/bulk?atomic=false", w.jwt, docs...)
	if got := a.statuses(); got != want {
		t.Errorf("%s", got)
	}
	for i := 1; i < 299; i += 3 {
		if a.Results[i].LastModified <= a.Results[i-1].LastModified || a.Results[i+1].Message == "" {
			t.Fatalf("%d: %+v", i, a.Results[i-1:i+2])
		}
	}
	w.expect(200, `{"status":200,"result":{"seen":298}}`, "GET", "/entries/n297?fields=seen", w.jwt, "")
}

func TestBulkBodies(t *testing.T) {
	w := newWorld(t)
	for body, message := range map[string]string{
		"":                                      "Bad or missing request body",
		"[":                                     "Bad or missing request body",
		"{}":                                    "Request body must be an array of documents",
		"null":                                  "Request body must be an array of documents",
		`"x"`:                                   "Request body must be an array of documents",
		"[]":                                    "A bulk write takes from 1 to 1000 documents",
		"[" + strings.Repeat("1,", 1000) + "1]": "A bulk write takes from 1 to 1000 documents",
	} {
		w.expect(400, fmt.Sprintf(`{"status":400,"message":%q}`, message), "POST", "/entries/bulk", w.jwt, body)
	}
	deepest := `,"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64)
	if a := w.bulk("/entries/bulk", w.jwt, doc("deep", deepest)); a.statuses() != "200 201" {
		t.Errorf("the array counts as a level of its documents: %+v", a)
	}
	w.expect(401, `{"status":401,"message":"Missing or bad access token or JWT"}`, "POST", "/entries/bulk", "", "[]")
	w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, "POST", "/entries/bulk/x", w.jwt, "[]")
}
