package v3_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestGzipCanBeRefused(t *testing.T) {
	w := newWorld(t)
	w.call("POST", "/food", w.jwt, doc("long", `,"text":"`+strings.Repeat("x", 4096)+`"`))
	for accepted, want := range map[string]string{
		"gzip":                  "gzip",
		"deflate, gzip;q=0.5":   "gzip",
		"gzip;q=x":              "gzip",
		"gzip;q=0":              "",
		"GZIP ; Q=0.000":        "",
		"identity, gzip; q=0.0": "",
		"identity":              "",
	} {
		resp, got := w.call("GET", "/food/long", w.jwt, "", "Accept-Encoding", accepted)
		if encoding := resp.Header.Get("Content-Encoding"); resp.StatusCode != http.StatusOK || encoding != want {
			t.Errorf("%s: %d %q, want %q", accepted, resp.StatusCode, encoding, want)
		}
		if !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Accept-Encoding") || got == "" {
			t.Errorf("%s: Vary %q, %d bytes", accepted, resp.Header.Values("Vary"), len(got))
		}
	}
}
