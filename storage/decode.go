package storage

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 64

// MarkField is the top-level field in which an engine may note, hidden from everybody, what its last write was. Clients
// must not send it.
const MarkField = "_nw"

// DecodeDocument reads a JSON object that a client sent. On top of Decode's rules, top-level names that start with $ are
// refused, and MarkField, also as the start of a path. Errors: ErrInvalid.
func DecodeDocument(text []byte) (Document, error) {
	v, err := Decode(text)
	if err != nil {
		return "", err
	}
	return NewDocument(v)
}

// NewDocument makes a document of a decoded value, by the same rules as DecodeDocument. Errors: ErrInvalid.
func NewDocument(v Value) (Document, error) {
	if v.Type() != Object {
		return "", Invalid("not a JSON object")
	}
	for name := range v.Members() {
		if strings.HasPrefix(name, "$") {
			return "", Invalid("Field name %s must not start with $", name)
		}
		if first, _, _ := strings.Cut(name, "."); first == MarkField {
			return "", Invalid("Field name %s is reserved", name)
		}
	}
	return Document(v), nil
}

// Decode reads one JSON value that a client sent into canonical text. Of duplicate names the last one's value wins, at the
// first one's place. Refused with ErrInvalid: what is not JSON, invalid UTF-8, nesting over MaxDepth, names with NUL,
// integers beyond 64 bits, numbers beyond a double.
func Decode(text []byte) (Value, error) {
	if !utf8.Valid(text) {
		return "", Invalid("not valid UTF-8")
	}
	if !json.Valid(text) {
		return "", Invalid("not valid JSON")
	}
	d := decoder{in: text, out: make([]byte, 0, len(text))}
	if err := d.value(0); err != nil {
		return "", err
	}
	return Value(d.out), nil
}

// decoder rewrites JSON that is known to be valid.
type decoder struct {
	in  []byte
	pos int
	out []byte
}

func (d *decoder) space() {
	for d.pos < len(d.in) && d.in[d.pos] <= ' ' {
		d.pos++
	}
}

func (d *decoder) value(depth int) error {
	if depth > MaxDepth {
		return Invalid("nested deeper than %d levels", MaxDepth)
	}
	d.space()
	switch c := d.in[d.pos]; c {
	case '{':
		return d.object(depth)
	case '[':
		return d.array(depth)
	case '"':
		d.string()
		return nil
	case 't', 'n':
		d.copy(4)
		return nil
	case 'f':
		d.copy(5)
		return nil
	default:
		return d.number()
	}
}

func (d *decoder) copy(n int) {
	d.out = append(d.out, d.in[d.pos:d.pos+n]...)
	d.pos += n
}

func (d *decoder) number() error {
	start := d.pos
	integer := true
	for d.pos < len(d.in) && strings.IndexByte("+-.0123456789eE", d.in[d.pos]) >= 0 {
		integer = integer && strings.IndexByte("+.eE", d.in[d.pos]) < 0
		d.pos++
	}
	text := string(d.in[start:d.pos])
	if integer && len(text) > 18 {
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return Invalid("integer %.40s is beyond 64 bits", text)
		}
	}
	if !integer {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return Invalid("number %.40s is out of range", text)
		}
	}
	d.out = append(d.out, text...)
	return nil
}

func (d *decoder) array(depth int) error {
	d.copy(1)
	for first := true; ; first = false {
		d.space()
		if d.in[d.pos] == ']' {
			d.copy(1)
			return nil
		}
		if !first {
			d.copy(1) // comma
		}
		if err := d.value(depth + 1); err != nil {
			return err
		}
	}
}

// member is where a name and its value stand in the output.
type member struct {
	name              string
	start, mid, after int
}

func (d *decoder) object(depth int) error {
	begin := len(d.out)
	var members []member
	seen := map[string]bool{}
	duplicate := false
	d.copy(1)
	for {
		d.space()
		if d.in[d.pos] == '}' {
			d.copy(1)
			break
		}
		if len(members) > 0 {
			d.copy(1) // comma
			d.space()
		}
		m := member{start: len(d.out)}
		d.string()
		m.name = string(d.out[m.start:])
		if strings.Contains(m.name, `\u0000`) && strings.ContainsRune(Value(m.name).Text(), 0) {
			return Invalid("field name with NUL")
		}
		d.space()
		d.copy(1) // colon
		m.mid = len(d.out)
		if err := d.value(depth + 1); err != nil {
			return err
		}
		m.after = len(d.out)
		duplicate = duplicate || seen[m.name]
		seen[m.name] = true
		members = append(members, m)
	}
	if duplicate {
		d.mergeDuplicates(begin, members)
	}
	return nil
}

// mergeDuplicates rewrites the object that begins at the given place of the output: each name once.
func (d *decoder) mergeDuplicates(begin int, members []member) {
	var order []string
	values := map[string]string{}
	for _, m := range members {
		if _, ok := values[m.name]; !ok {
			order = append(order, m.name)
		}
		values[m.name] = string(d.out[m.mid:m.after])
	}
	d.out = append(d.out[:begin], '{')
	for i, name := range order {
		if i > 0 {
			d.out = append(d.out, ',')
		}
		d.out = append(append(append(d.out, name...), ':'), values[name]...)
	}
	d.out = append(d.out, '}')
}

// string copies the string at the current place, unescaping and escaping where that changes it.
func (d *decoder) string() {
	end := d.pos + 1
	escaped := false
	for d.in[end] != '"' {
		if d.in[end] == '\\' {
			escaped = true
			end++
		}
		end++
	}
	raw := d.in[d.pos : end+1]
	d.pos = end + 1
	if !escaped {
		d.out = append(d.out, raw...)
		return
	}
	d.out = append(d.out, '"')
	for i := 1; i < len(raw)-1; i++ {
		if raw[i] != '\\' {
			d.out = append(d.out, raw[i])
			continue
		}
		i += d.escape(raw[i+1:])
	}
	d.out = append(d.out, '"')
}

// escape appends what the escape sequence (given without its backslash) stands for and returns its length.
func (d *decoder) escape(s []byte) int {
	if s[0] != 'u' {
		if s[0] == '/' {
			d.out = append(d.out, '/')
		} else {
			d.out = append(d.out, '\\', s[0])
		}
		return 1
	}
	r, n := rune(hex4(s[1:])), 5
	if r >= 0xD800 && r < 0xDC00 && len(s) >= 11 && s[5] == '\\' && s[6] == 'u' {
		if low := rune(hex4(s[7:])); low >= 0xDC00 && low < 0xE000 {
			r, n = (r-0xD800)<<10+(low-0xDC00)+0x10000, 11
		}
	}
	d.out = appendRune(d.out, r)
	return n
}

func hex4(s []byte) uint16 {
	n, _ := strconv.ParseUint(string(s[:4]), 16, 16) // the input is valid JSON
	return uint16(n)
}

// appendRune appends one character of a string in canonical form; a lone surrogate stays an escape.
func appendRune(out []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == '"' || r == '\\':
		return append(out, '\\', byte(r))
	case r >= 0x20 && (r < 0xD800 || r > 0xDFFF):
		return utf8.AppendRune(out, r)
	}
	if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
		return append(out, '\\', "bfnrt"[i])
	}
	return append(out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
