package v3

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func describedText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../public/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sources are the texts of the files that match, tests left out.
func sources(t *testing.T, patterns ...string) []string {
	t.Helper()
	var texts []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
	return texts
}

// describedOperations are the operations that the paths of public/openapi.json lead to, by the names of their methods.
func describedOperations(t *testing.T) map[string]bool {
	t.Helper()
	var spec struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(describedText(t)), &spec); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{collection}", "entries", "{identifier}", "some-id", "{since}", "1680000000000")
	found := map[string]bool{}
	for path, methods := range spec.Paths {
		if !strings.HasPrefix(path, "/api/v3/") {
			continue
		}
		for method := range methods {
			if method == "parameters" {
				continue
			}
			rt, err := parseRoute(strings.ToUpper(method), fill.Replace(path), served)
			if err != nil {
				t.Errorf("%s %s is described, but no operation: %v", method, path, err)
				continue
			}
			name := runtime.FuncForPC(reflect.ValueOf(rt.operation).Pointer()).Name()
			found[name[strings.LastIndexByte(name, '.')+1:]] = true
		}
	}
	return found
}

// routedOperations are the methods that the sources route requests to.
func routedOperations(t *testing.T) map[string]bool {
	t.Helper()
	routed := regexp.MustCompile(`\(\*request\)\.(\w+)`)
	found := map[string]bool{}
	for _, source := range sources(t, "*.go") {
		for _, m := range routed.FindAllStringSubmatch(source, -1) {
			found[m[1]] = true
		}
	}
	return found
}

// The description of the API in public/openapi.json has exactly the operations that there are.
func TestDescribedAsItIs(t *testing.T) {
	described, routed := describedOperations(t), routedOperations(t)
	if len(routed) < 11 || !maps.Equal(described, routed) {
		t.Errorf("described: %q\nrouted: %q", slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(routed)))
	}
}

// unseen are messages that no answer of the API has: others take their place, or they belong to another face.
var unseen = map[string]bool{"not valid JSON": true, "not a JSON object": true, "no such account": true, "Account too large": true,
	"document %d: %v": true, "The search took too long": true, "Too many groups are silenced": true,
	"A bulk write takes at most %d documents": true, "Internal Server Error": true,
	"The name of a topic has 1 to %d bytes, without commas and control characters": true, "A permission is a number from 0 to %d": true,
	"You have %d topics already": true, "There are %d topics already": true, "There is such a topic already": true,
	"There is no such topic": true, "This name is reserved": true, "A property with NUL cannot be set": true,
	"Meta too large": true, "There is no such subject": true,
	"Bad channel name %.70q": true, "The body of a message must be an object": true, "Message too large": true}

// Every message that the sources can answer with is in the description, with a word for what it names.
func TestMessagesAreDescribed(t *testing.T) {
	described := describedText(t)
	written := regexp.MustCompile(`(?:Invalid\(|[mM]essage:\s*|Sprintf\()"([A-Za-z][^"]+)"`)
	verb := regexp.MustCompile(`%[-.0-9]*[a-z]`)
	count := 0
	for _, source := range sources(t, "*.go", "../../storage/*.go") {
		for _, m := range written.FindAllStringSubmatch(source, -1) {
			if unseen[m[1]] {
				continue
			}
			count++
			parts := verb.Split(m[1], -1)
			for i, part := range parts {
				parts[i] = regexp.QuoteMeta(part)
			}
			if !regexp.MustCompile(strings.Join(parts, `(\{\w+\}|\w+)`)).MatchString(described) {
				t.Errorf("no answer is described with the message %q", m[1])
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d messages found in the sources", count)
	}
}
