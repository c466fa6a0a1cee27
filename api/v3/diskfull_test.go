package v3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// On a full disk writes are 503 and can be repeated later, reads go on, and with room everything works again.
func TestDiskFull(t *testing.T) {
	var engine *sqlite.Engine
	w := newWorldOver(t, func(e storage.Engine) storage.Engine {
		engine = e.(*sqlite.Engine)
		return e
	}, storage.Options{})
	post := func(n int) *http.Response {
		resp, _ := w.call("POST", "/entries", w.jwt, fmt.Sprintf(`{"identifier":"d%d","notes":"%s",%s}`, n, strings.Repeat("x", 10_000), valid))
		return resp
	}
	if resp := post(0); resp.StatusCode != 201 {
		t.Fatal(resp.Status)
	}
	engine.LimitPages(1) // it cannot grow any more
	full := 1
	for ; full < 1000; full++ {
		if resp := post(full); resp.StatusCode == 503 {
			if resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			break
		}
	}
	if full == 1000 {
		t.Fatal("the disk is never full")
	}
	w.expect(200, `{"status":200,"result":{"identifier":"d0"}}`, "GET", "/entries/d0?fields=identifier", w.jwt, "")
	w.expect(404, `{"status":404}`, "GET", fmt.Sprintf("/entries/d%d", full), w.jwt, "")
	engine.LimitPages(0)
	if resp := post(full); resp.StatusCode != 201 {
		t.Error("with room again:", resp.Status)
	}
}
