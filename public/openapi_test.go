package public

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// description is openapi.json as plain values.
func description(t *testing.T) map[string]any {
	t.Helper()
	var spec map[string]any
	if err := json.Unmarshal([]byte(read(t, "openapi.json")), &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

// follow is the value at a reference such as #/components/schemas/Document, nil where there is none.
func follow(spec map[string]any, ref string) any {
	var at any = spec
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
	}
	return at
}

// references are all values of $ref below v.
func references(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			found[ref] = true
		}
		for _, child := range v {
			references(child, found)
		}
	case []any:
		for _, child := range v {
			references(child, found)
		}
	}
}

func TestDescriptionIsConsistent(t *testing.T) {
	spec := description(t)
	if spec["openapi"] != "3.1.0" {
		t.Errorf("openapi: %v", spec["openapi"])
	}
	found := map[string]bool{}
	references(spec, found)
	for ref := range found {
		if follow(spec, ref) == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	for kind, named := range spec["components"].(map[string]any) {
		for name := range named.(map[string]any) {
			if kind != "securitySchemes" && !found["#/components/"+kind+"/"+name] {
				t.Errorf("nothing refers to %s %s", kind, name)
			}
		}
	}
	url := spec["servers"].([]any)[0].(map[string]any)["url"].(string)
	if strings.HasPrefix(url, "/") || strings.Contains(url, ":") {
		t.Errorf("the server's address %q is not relative, so it is wrong below a base path", url)
	}
}

// Each operation has a name of its own, what its path needs, a known tag, known credentials and an answer.
func TestOperationsAreComplete(t *testing.T) {
	spec := description(t)
	var tags []string
	for _, tag := range spec["tags"].([]any) {
		tags = append(tags, tag.(map[string]any)["name"].(string))
	}
	named := map[string]bool{}
	for path, item := range spec["paths"].(map[string]any) {
		shared, _ := item.(map[string]any)["parameters"].([]any)
		for method, o := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			op := o.(map[string]any)
			name, _ := op["operationId"].(string)
			if name == "" || named[name] {
				t.Errorf("%s %s: operationId %q", method, path, name)
			}
			named[name] = true
			own, _ := op["parameters"].([]any)
			checkParameters(t, spec, path, append(slices.Clone(shared), own...))
			if tag := op["tags"].([]any)[0].(string); !slices.Contains(tags, tag) {
				t.Errorf("%s: tag %s", name, tag)
			}
			if answers := op["responses"].(map[string]any); answers["200"] == nil && answers["201"] == nil && answers["204"] == nil {
				t.Errorf("%s has no answer for success", name)
			}
			checkSecurity(t, spec, name, op)
		}
	}
}

func checkParameters(t *testing.T, spec map[string]any, path string, refs []any) {
	t.Helper()
	want := map[string]bool{}
	for _, m := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
		want[m[1]] = true
	}
	got := map[string]bool{}
	for _, ref := range refs {
		p := follow(spec, ref.(map[string]any)["$ref"].(string)).(map[string]any)
		if p["in"] == "path" {
			got[p["name"].(string)] = p["required"].(bool)
		}
	}
	if !maps.Equal(want, got) {
		t.Errorf("%s has the path parameters %v", path, got)
	}
}

func checkSecurity(t *testing.T, spec map[string]any, name string, op map[string]any) {
	t.Helper()
	list, _ := op["security"].([]any)
	for _, one := range list {
		for scheme := range one.(map[string]any) {
			if follow(spec, "#/components/securitySchemes/"+scheme) == nil {
				t.Errorf("%s: unknown credentials %s", name, scheme)
			}
		}
	}
}
