package security

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// field is one member of a JSON object; value is compact JSON.
type field struct {
	name  string
	value json.RawMessage
}

// object is a JSON object whose members keep their order: accounts are shown as they were written.
type object []field

// parseObject reads a JSON object. Of duplicate names the last value wins, at the first one's place.
func parseObject(text []byte) (object, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, invalid("Body is not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, invalid("Body is not a JSON object")
	}
	var o object
	at := map[string]int{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, invalid("Body is not JSON")
		}
		name, _ := key.(string) // of a valid object every key is one
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, invalid("Body is not JSON")
		}
		if i, ok := at[name]; ok {
			o[i].value = value
			continue
		}
		at[name] = len(o)
		o = append(o, field{name, value})
	}
	return o, nil
}

// get is the value of a member, nil when there is none.
func (o object) get(name string) json.RawMessage {
	for _, f := range o {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// text is a member that is a string, and "" otherwise.
func (o object) text(name string) string {
	s, _ := decodeText(o.get(name))
	return s
}

// without is the object without some members.
func (o object) without(names ...string) object {
	kept := make(object, 0, len(o))
next:
	for _, f := range o {
		for _, name := range names {
			if f.name == name {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// json is the object as compact text.
func (o object) json() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encodeText(f.name))
		b.WriteByte(':')
		_ = json.Compact(&b, f.value) // writes to memory and was valid when it was read
	}
	b.WriteByte('}')
	return b.Bytes()
}

// encodeText is a string as JSON, with no more escapes than JSON needs.
func encodeText(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a form in JSON
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// decodeText reads a JSON string; ok is false for everything else.
func decodeText(value json.RawMessage) (s string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(value, &s) == nil
}

// decodeTexts are the strings of a JSON array, other elements left out; nothing for everything else.
func decodeTexts(value json.RawMessage) []string {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return nil
	}
	var texts []string
	for _, e := range elements {
		if s, ok := decodeText(e); ok {
			texts = append(texts, s)
		}
	}
	return texts
}
