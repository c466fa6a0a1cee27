package v3

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jinzhu/inflection"

	"nightwire/storage"
)

// written is documents in a form.
func written(ending string, single bool, docs ...storage.Document) string {
	f, err := negotiate(ending, "")
	if err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	out := f.renderer(single)
	out.begin(w)
	for _, doc := range docs {
		out.document(w, doc)
	}
	out.end(w)
	_ = w.Flush() // a buffer takes everything
	return b.String()
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		docs []storage.Document
		want string
	}{
		{nil, ""},
		{[]storage.Document{`{"a":1.0,"b":true,"c":false,"d":null,"e":"x,y","f":"q\"q","g":"l\nl","h":[1,"x"],"i":{},"j":1e21,"k":9223372036854775807}`},
			"a,b,c,d,e,f,g,h,i,j,k\n1,1,,,\"x,y\",\"q\"\"q\",\"l\nl\",\"[1,\"\"x\"\"]\",{},1e+21,9223372036854775807\n"},
		{[]storage.Document{`{"a":1}`, `{"b":2,"a":3}`, `{"c":1}`}, "a\n1\n3\n\n"},
		{[]storage.Document{`{"a,b":1}`}, "\"a,b\"\n1\n"},
	} {
		if got := written("csv", false, c.docs...); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.docs, got, c.want)
		}
	}
}

func TestXML(t *testing.T) {
	const head = "<?xml version='1.0' encoding='utf-8'?>\n"
	for _, c := range []struct {
		single bool
		docs   []storage.Document
		want   string
	}{
		{false, nil, "<items />\n"},
		{true, []storage.Document{`{"tags":["a","b"],"n":null,"e":[],"o":{},"s":"","t":true,"f":-0.0}`},
			"<item>\n  <tags>\n    <tag>a</tag>\n    <tag>b</tag>\n  </tags>\n  <n />\n  <e />\n  <o />\n  <s />\n  <t>true</t>\n  <f>0</f>\n</item>\n"},
		{false, []storage.Document{`{"a":"<&>\"'"}`, `{"_id":"x","b c":1,"1":2}`},
			"<items>\n  <item>\n    <a>&lt;&amp;&gt;&quot;'</a>\n  </item>\n  <item id=\"x\">\n    <b_c>1</b_c>\n    <_1>2</_1>\n  </item>\n</items>\n"},
	} {
		if got := written("xml", c.single, c.docs...); got != head+c.want {
			t.Errorf("%s:\n%s, want\n%s", c.docs, got, c.want)
		}
	}
}

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]string{
		"": "json", "*/*": "json", "application/*": "json", "text/csv": "csv", "application/xml": "xml", "text/*": "csv",
		"text/csv;q=0.5, application/json;q=0.4": "csv", "text/csv, application/json": "csv", "application/json, text/csv": "json",
		"text/html, */*;q=0.1": "json", "application/json;q=0, */*": "csv", "application/json; charset=utf-8": "json",
		"text/xml": "", "text/html": "", "garbage": "",
	} {
		f, err := negotiate("", accept)
		if f.ending != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", accept, f.ending, err, want)
		}
	}
}

func TestFresh(t *testing.T) {
	answer := http.Header{"Etag": {`W/"5"`}, "Last-Modified": {"Tue, 28 Mar 2023 10:40:00 GMT"}}
	for _, c := range []struct {
		asked http.Header
		want  bool
	}{
		{http.Header{}, false},
		{http.Header{"If-None-Match": {"*"}}, true},
		{http.Header{"If-None-Match": {`"5"`}}, true},
		{http.Header{"If-None-Match": {`"4", W/"5"`}}, true},
		{http.Header{"If-None-Match": {`"4"`}}, false},
		{http.Header{"If-None-Match": {"*"}, "Cache-Control": {"max-age=0, no-cache"}}, false},
		{http.Header{"If-Modified-Since": {"Tue, 28 Mar 2023 10:40:00 GMT"}}, true},
		{http.Header{"If-Modified-Since": {"Tue, 28 Mar 2023 10:39:59 GMT"}}, false},
		{http.Header{"If-Modified-Since": {"garbage"}}, false},
		{http.Header{"If-None-Match": {`"4"`}, "If-Modified-Since": {"Fri, 01 Jan 2100 00:00:00 GMT"}}, false},
	} {
		if got := fresh(c.asked, answer); got != c.want {
			t.Errorf("%v: %v", c.asked, got)
		}
	}
}

// Whatever is stored, XML and CSV are well-formed.
func FuzzRender(f *testing.F) {
	f.Add([]byte(`{"a":[[1],{"_x":"<","_x ":2}],"_":{"__proto__":"\u0000\ud800\uffff"},"":1,"ſ":"\r"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := storage.DecodeDocument(text)
		if err != nil {
			return
		}
		for _, text := range []string{written("xml", true, doc), written("xml", false, doc, doc)} {
			for d := xml.NewDecoder(strings.NewReader(text)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v\n%s", doc, err, text)
				}
			}
		}
		r := csv.NewReader(bytes.NewBufferString(written("csv", false, doc, doc)))
		r.FieldsPerRecord = -1 // a single empty cell is an empty line, which the reader skips
		if _, err := r.ReadAll(); err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
	})
}

// The singulars of names are remembered, and a document cannot ask for any number of them.
func TestXMLNeedsFewWords(t *testing.T) {
	var doc strings.Builder
	doc.WriteString(`{"a":[` + strings.Repeat("[0],", 600_000) + `0]`)
	for i := range 200_000 {
		doc.WriteString(`,"names` + itoa(int64(i)) + `s":[0]`)
	}
	doc.WriteString("}")
	start := time.Now()
	for i := range 8_000 {
		inflection.Singular("names" + itoa(int64(i)) + "s")
	}
	searches := 100 * time.Since(start) // 800,000 of them, here and now
	start = time.Now()
	text := written("xml", true, storage.Document(doc.String()))
	if took := time.Since(start); took > searches/6 || !strings.Contains(text, "<names0>0</names0>") {
		t.Errorf("%v, where searching all would take %v: %.200s", took, searches, text[strings.Index(text, "<names0s>"):])
	}
}
