package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Every operation that public/openapi.json describes is served: the answer is not that of a path without operation.
func TestDescribedOperationsAreServed(t *testing.T) {
	text, err := os.ReadFile("public/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "DATA_DIR="+t.TempDir(), "API_SECRET=a long passphrase", "BASE_PATH=/below", "NODE_ENV=test")
	fill := strings.NewReplacer("{collection}", "entries", "{identifier}", "some-id", "{since}", "1680000000000",
		"{token}", "nobody-0123456789abcdef", "{id}", "0123456789abcdef01234567", "{permission}", "api:entries:read")
	for path, methods := range spec.Paths {
		for method := range methods {
			if method == "parameters" {
				continue
			}
			// Nobody is asked for a token where there is no operation, so without one there is 404 or 401.
			status, body := p.ask(strings.ToUpper(method), "/below"+fill.Replace(path))
			if status == http.StatusNotFound || status >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d %s", method, path, status, body)
			}
		}
	}
	if status, body := p.ask("PUT", "/below/api/v3/entries"); status != http.StatusNotFound || !strings.Contains(body, "Bad operation or collection") {
		t.Errorf("no operation: %d %s", status, body)
	}
	if status, _ := p.ask("GET", "/below/api3-docs"); status != http.StatusOK {
		t.Errorf("the page that shows the description: %d", status)
	}
}

// ask sends a request without body and follows redirects.
func (p *process) ask(method, path string) (status int, body string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
