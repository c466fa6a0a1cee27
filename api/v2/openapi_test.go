package v2

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The description of the API in public/openapi.json has exactly the routes that there are.
func TestDescribedAsItIs(t *testing.T) {
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
	var described []string
	for path, methods := range spec.Paths {
		below, ok := strings.CutPrefix(path, root+"/")
		if !ok {
			continue
		}
		if at := strings.IndexByte(below, '{'); at >= 0 {
			below = below[:at] // as routes has paths that end in a parameter
		}
		for method := range methods {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+below)
			}
		}
	}
	slices.Sort(described)
	if served := slices.Sorted(maps.Keys(routes)); !slices.Equal(described, served) {
		t.Errorf("described: %q\nserved: %q", described, served)
	}
	if spec.Paths[verifyPath]["get"] == nil {
		t.Errorf("%s is not described", verifyPath)
	}
}
