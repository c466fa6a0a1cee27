package v3

import (
	"bufio"
	"encoding/xml"
	"strings"
	"unicode"

	"github.com/jinzhu/inflection"

	"nightwire/storage"
)

// xmlWriter writes documents as XML (spec §1, Rendering): one as <item>, a list as <items>.
type xmlWriter struct {
	single bool
	any    bool
	words  map[string]string // the singulars asked for so far
}

func (x *xmlWriter) begin(w *bufio.Writer) {
	_, _ = w.WriteString("<?xml version='1.0' encoding='utf-8'?>\n") // what fails here fails again at the flush
}

func (x *xmlWriter) document(w *bufio.Writer, doc storage.Document) {
	indent := ""
	if !x.single {
		if !x.any {
			_, _ = w.WriteString("<items>\n")
		}
		indent = "  "
	}
	x.any = true
	x.element(w, indent, "item", "item", storage.Value(doc))
}

func (x *xmlWriter) end(w *bufio.Writer) {
	switch {
	case x.single:
	case x.any:
		_, _ = w.WriteString("</items>\n")
	default:
		_, _ = w.WriteString("<items />\n")
	}
}

// element writes a value as an element. The key is the name of the field, from which array elements are named.
func (x *xmlWriter) element(w *bufio.Writer, indent, name, key string, v storage.Value) {
	_, _ = w.WriteString(indent + "<" + name)
	rest := attributes(w, v)
	switch text := ""; v.Type() {
	case storage.Object, storage.Array:
		if len(rest) == 0 {
			break
		}
		_, _ = w.WriteString(">\n")
		inner := ""
		if v.Type() == storage.Array {
			inner = x.singular(key)
		}
		for _, f := range rest {
			if v.Type() == storage.Object {
				inner = f.Name
			}
			x.element(w, indent+"  ", xmlName(inner), inner, f.Value)
		}
		_, _ = w.WriteString(indent + "</" + name + ">\n")
		return
	default:
		if text = xmlText(scalarText(v)); v.Type() <= storage.Null || text == "" {
			break
		}
		_, _ = w.WriteString(">" + text + "</" + name + ">\n")
		return
	}
	_, _ = w.WriteString(" />\n")
}

// maxWords is how many singulars an answer may need; the search for one takes many regular expressions.
const maxWords = 1000

// singular names the elements of an array; no English word is longer than the limit.
func (x *xmlWriter) singular(key string) string {
	word, known := x.words[key]
	switch {
	case known:
		return word
	case len(key) > 64 || len(x.words) == maxWords:
		return key
	case x.words == nil:
		x.words = map[string]string{}
	}
	word = inflection.Singular(key)
	x.words[key] = word
	return word
}

// attributes writes the scalar members whose names begin with _ as attributes and returns what remains to be written inside:
// the other members, or the elements of an array.
func attributes(w *bufio.Writer, v storage.Value) (rest []storage.Field) {
	for one := range v.Elements() {
		rest = append(rest, storage.Field{Value: one})
	}
	taken := map[string]bool{}
	for name, member := range v.Members() {
		attribute, marked := strings.CutPrefix(name, "_")
		attribute = xmlName(attribute)
		if scalar := member.Type() != storage.Object && member.Type() != storage.Array; !marked || name == "_" || !scalar || taken[attribute] {
			rest = append(rest, storage.Field{Name: name, Value: member})
			continue
		}
		taken[attribute] = true
		_, _ = w.WriteString(" " + attribute + `="` + xmlText(scalarText(member)) + `"`)
	}
	return rest
}

// xmlText escapes characters for text and attributes; what XML cannot hold becomes U+FFFD.
func xmlText(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '&' || r == '<' || r == '>' || r == '"' || r > 0xD7FF }) {
		return s
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return strings.NewReplacer("&#39;", "'", "&#34;", "&quot;", "&#xA;", "\n", "&#x9;", "\t").Replace(b.String())
}

// nameLetters are letters beyond ASCII that every edition of XML 1.0 allows in names; rarer ones are not worth a table.
var nameLetters = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0xC0, Hi: 0xD6, Stride: 1}, {Lo: 0xD8, Hi: 0xF6, Stride: 1}, {Lo: 0xF8, Hi: 0x131, Stride: 1}, // Latin
	{Lo: 0x391, Hi: 0x3A1, Stride: 1}, {Lo: 0x3A3, Hi: 0x3CE, Stride: 1}, // Greek
	{Lo: 0x40E, Hi: 0x44F, Stride: 1}, {Lo: 0x451, Hi: 0x45C, Stride: 1}, // Cyrillic
	{Lo: 0x5D0, Hi: 0x5EA, Stride: 1},                                        // Hebrew
	{Lo: 0x3041, Hi: 0x3094, Stride: 1}, {Lo: 0x30A1, Hi: 0x30FA, Stride: 1}, // kana
	{Lo: 0x4E00, Hi: 0x9FA5, Stride: 1}, {Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Han, Hangul
}, LatinOffset: 2}

// xmlName makes a field's name the name of an element or attribute: what XML does not allow in one becomes _.
func xmlName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '_', r == '-', r == '.', r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', unicode.Is(nameLetters, r):
			return r
		}
		return '_'
	}, name)
	if clean == "" || strings.IndexByte("-.0123456789", clean[0]) >= 0 {
		return "_" + clean
	}
	return clean
}
