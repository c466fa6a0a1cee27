package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/archive"
	"nightwire/storage/sqlite"
)

func open(t *testing.T) *sqlite.Engine {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// put stores a document as it is, with that _id ("": none).
func put(t *testing.T, e storage.Engine, collection, id, doc string) {
	t.Helper()
	key := storage.Key{Identifier: storage.Document(doc).Identifier(), ID: id}
	_, err := e.Apply(t.Context(), storage.Write{Collection: collection, Key: key,
		Decide: func(s *storage.Stored, _ int64) (storage.Next, error) {
			kind := storage.Create
			if s != nil {
				kind = storage.Update
			}
			return storage.Next{Kind: kind, Document: storage.Document(doc), ID: id}, nil
		}})
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
}

// filled is an engine with all sorts of documents.
func filled(t *testing.T) *sqlite.Engine {
	e := open(t)
	put(t, e, "entries", "", `{"identifier":"a","sgv":1.0,"srvModified":1682938800750,"srvCreated":1}`)
	put(t, e, "entries", "64f0a1b2c3d4e5f60718293a", `{"sgv":2,"date":1682938800750.25}`)
	put(t, e, "entries", "own id", `{"identifier":"b","big":9007199254740993,"text":"\ud800é\n\"","srvModified":1682938800751,"isValid":false}`)
	put(t, e, "treatments", "", `{"identifier":"a","deep":`+strings.Repeat("[", 63)+strings.Repeat("]", 63)+`,"":{"$x":null},"srvModified":1e12}`)
	put(t, e, storage.AlarmsCollection, "", `{"identifier":"state","silenced":{}}`)
	put(t, e, storage.TopicsCollection, "", `{"identifier":"room","owner":"anna","permission":16256}`)
	accounts := storage.NewAccounts(e)
	for _, kind := range []security.AccountKind{security.Subjects, security.Roles} {
		if err := accounts.Put(t.Context(), kind, security.Record{ID: "0123456789abcdef01234567", JSON: []byte(`{"name":"x"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func exported(t *testing.T, e archive.Source) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := archive.Export(t.Context(), &out, e, func(string, int) {}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func imported(t *testing.T, e storage.Engine, text string) archive.Report {
	t.Helper()
	report, err := archive.Import(t.Context(), strings.NewReader(text), e, archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// What is exported and imported into an empty engine is exported from there in the same words, with every time kept; a second
// import changes nothing.
func TestRoundTrip(t *testing.T) {
	from, to := filled(t), open(t)
	text := exported(t, from)
	if want := (archive.Report{Written: 8}); imported(t, to, text) != want {
		t.Error("not all was written")
	}
	if got := exported(t, to); got != text {
		t.Errorf("exported again:\n%s\nwas:\n%s", got, text)
	}
	head, err := to.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report, want := imported(t, to, text), (archive.Report{Equal: 8}); report != want {
		t.Errorf("a second import: %+v", report)
	}
	if again, err := to.Head(t.Context()); err != nil || again != head {
		t.Errorf("a second import wrote: head %s after %s (%v)", again, head, err)
	}
	for _, c := range []struct {
		id      string
		foreign bool
	}{{"64f0a1b2c3d4e5f60718293a", true}, {"own id", false}} {
		s, err := to.Get(t.Context(), "entries", storage.Key{ID: c.id})
		if err != nil || s.Foreign != c.foreign {
			t.Errorf("%s: %+v, %v", c.id, s, err)
		}
	}
}

// The format is a promise to those who read the file by other means.
func TestFormat(t *testing.T) {
	e := open(t)
	put(t, e, "entries", "", `{"identifier":"a","sgv":1.0}`)
	put(t, e, "entries", "64f0a1b2c3d4e5f60718293a", `{"sgv":2}`)
	_, version := e.Describe()
	want := `{"format":"nightwire-export","version":1,"from":"sqlite ` + version + `"}
{"collection":"entries","foreign":false,"document":{"identifier":"a","sgv":1.0}}
{"collection":"entries","id":"64f0a1b2c3d4e5f60718293a","foreign":true,"document":{"sgv":2}}
{"end":true,"documents":2}
`
	if got := exported(t, e); got != want {
		t.Errorf("exported:\n%s\nwant:\n%s", got, want)
	}
}

const first = `{"format":"nightwire-export","version":1}` + "\n"

// export is a file with these lines of documents.
func export(lines ...string) string {
	return first + strings.Join(lines, "\n") + fmt.Sprintf("\n{\"end\":true,\"documents\":%d}\n", len(lines))
}

func entry(id string, foreign bool, doc string) string {
	return fmt.Sprintf(`{"collection":"entries","id":%q,"foreign":%t,"document":%s}`, id, foreign, doc)
}

// Of two states of a document the later one stays, and what is there where that cannot be told.
func TestWhatIsThereAlready(t *testing.T) {
	for _, c := range []struct {
		name, there, id, comes string
		foreign                bool
		want                   archive.Report
		left                   string
	}{
		{"older", `{"identifier":"a","v":1,"srvModified":5}`, "", `{"identifier":"a","v":2,"srvModified":6}`, false, archive.Report{Written: 1}, `{"identifier":"a","v":2,"srvModified":6}`},
		{"newer", `{"identifier":"a","v":1,"srvModified":7}`, "", `{"identifier":"a","v":2,"srvModified":6}`, false, archive.Report{Kept: 1}, `{"identifier":"a","v":1,"srvModified":7}`},
		{"as old", `{"identifier":"a","v":1,"srvModified":6}`, "", `{"identifier":"a","v":2,"srvModified":6}`, false, archive.Report{Kept: 1}, `{"identifier":"a","v":1,"srvModified":6}`},
		{"equal by value", `{"identifier":"a","v":1,"srvModified":6}`, "", `{"identifier":"a","v":1.0,"srvModified":6}`, false, archive.Report{Equal: 1}, `{"identifier":"a","v":1,"srvModified":6}`},
		{"never stamped", `{"v":1}`, "x", `{"v":2,"srvModified":6}`, true, archive.Report{Written: 1}, `{"v":2,"srvModified":6,"identifier":"x"}`},
		{"both never stamped", `{"v":1}`, "x", `{"v":2}`, true, archive.Report{Kept: 1}, `{"v":1,"identifier":"x"}`},
		{"foreign and equal", `{"v":1}`, "x", `{"v":1}`, true, archive.Report{Equal: 1}, `{"v":1,"identifier":"x"}`},
		{"foreign then own", `{"v":1}`, "x", `{"identifier":"a","v":2,"srvModified":6}`, false, archive.Report{Written: 1}, `{"identifier":"a","v":2,"srvModified":6}`},
		{"own then foreign", `{"identifier":"a","v":1,"srvModified":5}`, "x", `{"v":2,"srvModified":6}`, true, archive.Report{Written: 1}, `{"v":2,"srvModified":6,"identifier":"a"}`},
	} {
		e := open(t)
		put(t, e, "entries", c.id, c.there)
		text := export(entry(c.id, c.foreign, c.comes))
		if got := imported(t, e, text); got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
		for doc, err := range e.Find(t.Context(), "entries", storage.Query{}) {
			if err != nil || string(doc) != c.left {
				t.Errorf("%s: left %s, %v", c.name, doc, err)
			}
		}
		if got := imported(t, e, text); got.Written != 0 {
			t.Errorf("%s: repeated %+v", c.name, got)
		}
	}
}

var badLines = map[string]string{
	`{"collection":"entries"`: "no line of an export",
	`[]`:                      "no line of an export",
	`{}`:                      "collection and document are needed",
	`{"collection":"entries","foreign":false}`:                             "collection and document are needed",
	entry("", false, `[]`):                                                 "not a JSON object",
	entry("", false, `{"identifier":"a","$x":1}`):                          "must not start with $",
	entry("", false, `{"identifier":"a","_nw":1}`):                         "reserved",
	entry("", false, `{"identifier":"a","_id":1}`):                         "beside the document",
	entry("", false, `{"v":1}`):                                            "foreign is false",
	entry("x", true, `{"identifier":"a"}`):                                 "foreign is true",
	entry("", true, `{"v":1}`):                                             "needs an id",
	entry("taken", false, `{"identifier":"other"}`):                        "Another document has this",
	`{"collection":"no such name","document":{"identifier":"a"}}`:          "Bad collection name",
	entry("", false, `{"identifier":"a","n":`+strings.Repeat("9", 30)+`}`): "64 bits",
}

// A bad line ends the import, or is skipped, and is told with its number; what came before it is there.
func TestBadLines(t *testing.T) {
	for line, why := range badLines {
		text := export(entry("taken", false, `{"identifier":"one"}`), entry("", false, `{"identifier":"two"}`), "", line, entry("", false, `{"identifier":"three"}`))
		text = strings.Replace(text, `"documents":5`, `"documents":4`, 1) // the empty line is none
		e := open(t)
		report, err := archive.Import(t.Context(), strings.NewReader(text), e, archive.Options{})
		if err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "line 5: ") || report.Written < 2 {
			t.Errorf("%s: %+v, %v", line, report, err)
		}
		var told []string
		o := archive.Options{SkipBad: true, Bad: func(n int, err error) { told = append(told, fmt.Sprint(n, err)) }}
		report, err = archive.Import(t.Context(), strings.NewReader(text), e, o)
		if err != nil || report.Bad != 1 || report.Written+report.Equal != 3 || len(told) != 1 || !strings.HasPrefix(told[0], "5") {
			t.Errorf("%s skipped: %+v, %q, %v", line, report, told, err)
		}
	}
}

func TestWrongFiles(t *testing.T) {
	good := entry("", false, `{"identifier":"a"}`)
	for text, why := range map[string]string{
		"":     "no export",
		"x":    "no export",
		"{}\n": "no export",
		`{"_id":{"$oid":"64f0a1b2c3d4e5f60718293a"},"sgv":1}`: "mongoexport",
		`{"format":"nightwire-export","version":2}` + "\n":    "use the newer program",
		first:               "ends early",
		first + good + "\n": "ends early",
		first + good[:30]:   "no line of an export",
		export(good) + good: "more after the end",
		first + good + "\n" + `{"end":true,"documents":2}`: "something is missing",
		first + strings.Repeat("x", 65<<20):                "longer than",
	} {
		if _, err := archive.Import(t.Context(), strings.NewReader(text), open(t), archive.Options{}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.80s: %v, want %q", text, err, why)
		}
	}
	if _, err := archive.Import(t.Context(), iotestReader{}, open(t), archive.Options{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

type iotestReader struct{}

func (iotestReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// away is an engine that goes away after some writes.
type away struct {
	storage.Engine
	left int
}

func (a *away) Apply(ctx context.Context, group ...storage.Write) ([]storage.Change, error) {
	if a.left--; a.left < 0 {
		return nil, storage.ErrUnavailable
	}
	return a.Engine.Apply(ctx, group...)
}

// An import that breaks off is completed by a repetition.
func TestRepeatedImport(t *testing.T) {
	var lines []string
	for i := range 1200 {
		lines = append(lines, entry("", false, fmt.Sprintf(`{"identifier":"%04d"}`, i)))
	}
	text, to := export(lines...), open(t)
	report, err := archive.Import(t.Context(), strings.NewReader(text), &away{to, 700}, archive.Options{})
	if !errors.Is(err, storage.ErrUnavailable) || report.Written != 700 {
		t.Errorf("broke off with %+v, %v", report, err)
	}
	var seen []int
	report, err = archive.Import(t.Context(), strings.NewReader(text), to, archive.Options{Progress: func(r archive.Report) { seen = append(seen, r.Documents()) }})
	if want := (archive.Report{Written: 500, Equal: 700}); err != nil || report != want {
		t.Errorf("repeated: %+v, %v", report, err)
	}
	if !slices.Equal(seen, []int{500, 1000, 1200}) {
		t.Errorf("progress %v", seen)
	}
	if n := strings.Count(exported(t, to), `{"collection"`); n != 1200 {
		t.Errorf("%d documents in the end", n)
	}
}

// failing is a source that fails.
type failing struct{ *sqlite.Engine }

func (failing) Collections(context.Context) ([]string, error) { return nil, storage.ErrUnavailable }

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestExportFails(t *testing.T) {
	e := filled(t)
	if _, err := archive.Export(t.Context(), io.Discard, failing{e}, func(string, int) {}); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("a source that fails: %v", err)
	}
	if _, err := archive.Export(t.Context(), full{}, e, func(string, int) {}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a file that cannot be written: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archive.Export(ctx, io.Discard, e, func(string, int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// FuzzImport: whatever the file holds, an import ends without harm, and what it stored can be exported and imported again.
func FuzzImport(f *testing.F) {
	for line := range badLines {
		f.Add(line)
	}
	f.Add(entry("x", true, `{"v":1}`))
	f.Add(entry("", false, `{"identifier":"a"}`) + "\n" + `{"end":true,"documents":1}`)
	dir := f.TempDir()
	e, err := sqlite.Open(f.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	f.Fuzz(func(t *testing.T, lines string) {
		report, err := archive.Import(t.Context(), strings.NewReader(first+lines), e, archive.Options{SkipBad: true})
		if err == nil && !strings.Contains(lines, "end") {
			t.Errorf("an end was found")
		}
		if errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%+v: %v", report, err)
		}
		text := exported(t, e)
		if again := imported(t, e, text); again.Written+again.Bad+again.Kept > 0 {
			t.Errorf("exported and imported: %+v", again)
		}
	})
}
