package users

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Audience is who hears of accounts.
type Audience string

// The audiences of account events: every approved client, as the original had it; or only clients with the key and the
// subject whom an event is about.
const (
	All        Audience = "all"
	Restricted Audience = "restricted"
)

// Config is the section "websocket" of the published configuration file, with our own keys.
type Config struct {
	Host                  string   // where to listen; "": where the server does
	Port                  int      // to listen on; 0: the event socket is off
	ApprovedSocketDomains []string // regular expressions, one of which must match somewhere in a client's Origin
	SocketAPIKey          string   // whoever shows it is trusted; "": nobody can
	DocumentEvents        bool     // tell about documents
	UserEvents            Audience
	OpenMeta              bool // every approved client may read and write everybody's meta, as in the original
}

// DefaultConfig is what holds where a file says nothing.
func DefaultConfig() Config { return Config{DocumentEvents: true, UserEvents: All} }

// Enabled tells whether there is to be an event socket.
func (c Config) Enabled() bool { return c.Port != 0 }

// LoadConfig reads a configuration file. Errors name the file and what is wrong in it.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c, err := ParseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads a configuration: a JSON object, whose section "websocket" counts. Other keys are ignored; commas behind the
// last of a list and a byte order mark are tolerated, because the published sample has such commas. Errors name the key.
func ParseConfig(text []byte) (Config, error) {
	c := DefaultConfig()
	var file, section map[string]json.RawMessage
	text = withoutTrailingCommas(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err := json.Unmarshal(text, &file); err != nil {
		return Config{}, located(text, err)
	}
	if err := read(file, "websocket", &section); err != nil {
		return Config{}, fmt.Errorf("websocket: %w", err)
	}
	for _, key := range []struct {
		name string
		to   any
	}{
		{"host", &c.Host}, {"port", &c.Port}, {"approvedSocketDomains", (*patterns)(&c.ApprovedSocketDomains)}, {"socketApiKey", &c.SocketAPIKey},
		{"documentEvents", &c.DocumentEvents}, {"userEvents", &c.UserEvents}, {"openMeta", &c.OpenMeta},
	} {
		if err := read(section, key.name, key.to); err != nil {
			return Config{}, fmt.Errorf("websocket.%s: %w", key.name, err)
		}
	}
	if _, err := c.Compile(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// read reads a key, if it is there.
func read(from map[string]json.RawMessage, key string, to any) error {
	text, ok := from[key]
	if !ok {
		return nil
	}
	err := json.Unmarshal(text, to)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("must be a %s, not a %s", wordOf(to), wrong.Value)
	}
	return err
}

// wordOf is what a key must be.
func wordOf(to any) string {
	switch to.(type) {
	case *string, *Audience:
		return "string"
	case *int:
		return "whole number"
	case *bool:
		return "boolean"
	case *patterns:
		return "list of strings"
	default:
		return "section"
	}
}

// patterns are a list of strings. A null among them is none, and would otherwise be the empty pattern, which approves everybody.
type patterns []string

// UnmarshalJSON implements json.Unmarshaler.
func (p *patterns) UnmarshalJSON(text []byte) error {
	var list []*string
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		return err
	}
	*p = make(patterns, len(list))
	for i, one := range list {
		if one == nil {
			return &json.UnmarshalTypeError{Value: "null", Type: reflect.TypeFor[string]()}
		}
		(*p)[i] = *one
	}
	return nil
}

// located says in which line the text stops being JSON.
func located(text []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")), err)
	}
	return errors.New("must be a JSON object")
}

// withoutTrailingCommas is JSON text with blanks in place of the commas that nothing follows.
func withoutTrailingCommas(text []byte) []byte {
	text = bytes.Clone(text)
	comma, inString := -1, false // where the last comma is, if only blanks have come since
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case inString && b == '\\':
			i++
		case b == '"':
			inString, comma = !inString, -1
		case inString || b == ' ' || b == '\t' || b == '\n' || b == '\r':
		case b == ',':
			comma = i
		case (b == ']' || b == '}') && comma >= 0:
			text[comma], comma = ' ', -1
		default:
			comma = -1
		}
	}
	return text
}

// ParseDomains reads patterns as an environment variable has them: a JSON list, or separated by blanks.
func ParseDomains(text string) ([]string, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "[") {
		return strings.Fields(text), nil
	}
	var list patterns
	if err := json.Unmarshal(withoutTrailingCommas([]byte(text)), &list); err != nil {
		return nil, errors.New("must be a JSON list of strings, or patterns separated by blanks")
	}
	return list, nil
}
