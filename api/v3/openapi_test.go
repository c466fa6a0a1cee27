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

// describedOperations are the operations that the paths of public/openapi.json lead to, by the names of their methods.
func describedOperations(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../public/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{collection}", "entries", "{identifier}", "some-id", "{since}", "1680000000000")
	known := func(name string) bool { return name == "entries" }
	found := map[string]bool{}
	for path, methods := range spec.Paths {
		if !strings.HasPrefix(path, "/api/v3/") {
			continue
		}
		for method := range methods {
			if method == "parameters" {
				continue
			}
			rt, err := parseRoute(strings.ToUpper(method), fill.Replace(path), known)
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
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	routed := regexp.MustCompile(`\(\*request\)\.(\w+)`)
	found := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range routed.FindAllSubmatch(source, -1) {
			found[string(m[1])] = true
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
