package v3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHistoryTimestamps(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/food", w.jwt, doc("a", ""))
	for since, status := range map[string]int{
		"1680000000000":                http.StatusOK,
		"1680000000.5":                 http.StatusOK,
		"2023-05-01T10:20:30.500Z":     http.StatusOK,
		"2023-05-01T10:20:30.500Z.csv": http.StatusOK,
		"1680000000000.xml":            http.StatusOK,
		"1680000000000.ttf":            http.StatusNotAcceptable,
		"1680000000000.html":           http.StatusNotAcceptable,
		"yesterday":                    http.StatusBadRequest,
		"yesterday.csv":                http.StatusBadRequest,
	} {
		if resp, got := w.call("GET", "/food/history/"+since, w.jwt, ""); resp.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", since, resp.StatusCode, got, status)
		}
	}
	w.expect(406, `{"status":406,"message":"Unsupported output format requested"}`, "GET", "/food/history/1680000000000.ttf", w.jwt, "")
}

// No notation of a limit gets past API3_MAX_LIMIT, which is 1000 here.
func TestLimitIsBounded(t *testing.T) {
	w := newWorld(t)
	for _, part := range []string{"a", "b"} {
		docs := make([]string, 501)
		for i := range docs {
			docs[i] = doc(fmt.Sprintf("%s%d", part, i), "")
		}
		if resp, got := w.call("POST", "/food/bulk", w.jwt, "["+strings.Join(docs, ",")+"]"); resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %.200s", resp.StatusCode, got)
		}
	}
	since := time.Now().Add(-time.Hour).UnixMilli()
	for limit, want := range map[string]int{"": 1000, "0x10": 1000, "0.5": 1000, "1000": 1000, "1e2": 1, "2.5": 2} {
		for _, path := range []string{"/food.csv?", fmt.Sprintf("/food/history/%d.csv?", since)} {
			_, got := w.call("GET", path+"fields=identifier&limit="+limit, w.jwt, "")
			if lines := strings.Count(got, "\n") - 1; lines != want {
				t.Errorf("%slimit=%s: %d documents, want %d", path, limit, lines, want)
			}
		}
	}
}

func TestDescriptionIsFound(t *testing.T) {
	w := newWorld(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/swagger-ui-dist", "/swagger-ui-dist/", "/swagger-ui-dist/index.html"} {
		resp, err := client.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusTemporaryRedirect || got != "/api3-docs" {
			t.Errorf("%s: %d to %q", path, resp.StatusCode, got)
		}
	}
}
