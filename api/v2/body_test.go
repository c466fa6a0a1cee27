package v2

import (
	"net/url"
	"testing"

	"nightwire/storage"
)

func TestParseForm(t *testing.T) {
	for form, want := range map[string]string{
		"name=golden+form&roles[]=readable":   `{"name":"golden form","roles":["readable"]}`,
		"roles%5B%5D=a&name=x&roles%5B%5D=b":  `{"roles":["a","b"],"name":"x"}`,
		"roles[0]=a&roles[1]=b":               `{"roles":["a","b"]}`,
		"roles=a&roles=b":                     `{"roles":["a","b"]}`,
		"roles=a":                             `{"roles":"a"}`,
		"a[b]=1":                              `{"a[b]":"1"}`,
		"bad=%zz&empty=&alone&=nameless&[]=x": `{"bad":"%zz","empty":"","alone":""}`,
		"$set=1&a%00b=2&bytes=%ff":            `{"bytes":"` + "\uFFFD" + `"}`,
		"":                                    `{}`,
	} {
		draft, err := parseForm([]byte(form))
		if err != nil || string(draft.Document()) != want {
			t.Errorf("%s: %s, %v", form, draft.Document(), err)
		}
	}
}

// Whatever a form says becomes a document that storage accepts.
func FuzzParseForm(f *testing.F) {
	f.Add("name=a&roles[]=b&roles[]=c&secret=%00")
	f.Add("[=&]=&a[]]=&%24=1")
	f.Fuzz(func(t *testing.T, form string) {
		draft, err := parseForm([]byte(form))
		if err != nil {
			return
		}
		doc := draft.Document()
		if again, err := storage.DecodeDocument([]byte(doc)); err != nil || again != doc {
			t.Errorf("%q gives %s, read again %s, %v", form, doc, again, err)
		}
	})
}

// Any path finds a route or none; a parameter is never empty and is what was escaped.
func FuzzFindRoute(f *testing.F) {
	f.Add("GET", "/debug/check/api%3Aentries")
	f.Add("DELETE", "//subjects/%2F/")
	f.Fuzz(func(t *testing.T, method, path string) {
		op, parameter, err := findRoute(method, root+path)
		if (op == nil) != (err != nil) {
			t.Fatalf("%s %q: operation %v, error %v", method, path, op != nil, err)
		}
		if parameter == "" {
			return
		}
		if _, again, err := findRoute(method, root+"/subjects/"+url.PathEscape(parameter)); method == "DELETE" && (err != nil || again != parameter) {
			t.Errorf("%q is read as %q, %v", parameter, again, err)
		}
	})
}
