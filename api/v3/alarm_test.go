package v3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// A sender needs one right, and learns when a notification was kept back. Alarms are written and not read.
func TestAlarms(t *testing.T) {
	w := newWorld(t)
	sender, none := w.subject("sender", "senders"), w.subject("none")
	role := []byte(`{"name":"senders","permissions":["notifications:*:send"]}`)
	if _, err := w.guard.Create(t.Context(), security.Operator(), security.Roles, role); err != nil {
		t.Fatal(err)
	}
	const path, alarm = "/alarms", `{"level":1,"title":"High"}`
	w.expect(401, `{"status":401,"message":"Missing or bad access token or JWT"}`, "POST", path, "", alarm)
	w.expect(403, `{"status":403,"message":"Missing permission notifications:*:send"}`, "POST", path, none, alarm)
	w.expect(201, `{"status":201}`, "POST", path, sender, alarm)
	w.expect(201, `{"status":201}`, "POST", "/ALARMS/", sender, `{"isAnnouncement":true,"title":"Hello"}`)
	w.expect(201, `{"status":201}`, "POST", path, sender, `{"clear":true}`)
	for sent, message := range map[string]string{
		`{"level":1}`:                          "Bad or missing title field",
		`{"title":"t"}`:                        "Bad or missing level field",
		`{"title":"t","level":2,"group":[]}`:   "Bad group field",
		`{"title":"t","level":2,"$x":1}`:       "",
		`{"title":"t","level":1e400}`:          "",
		`{}`:                                   "Bad or missing request body",
		`7`:                                    "Bad or missing request body",
		`{"title"`:                             "Bad or missing request body",
		`[{"level":1,"title":"High"}]`:         "Bad or missing level field",
		`{"level":1,"title":"t","message":{}}`: "Bad message field",
	} {
		resp, got := w.call("POST", path, sender, sent)
		if resp.StatusCode != 400 || !strings.Contains(got, `"message":"`+message) {
			t.Errorf("%s: %d %s", sent, resp.StatusCode, got)
		}
	}
	w.expect(413, `{"status":413,"message":"Alarm too large"}`, "POST", path, sender, `{"level":1,"title":"`+strings.Repeat("x", 40_000)+`"}`)
	if err := w.alarms.Ack(t.Context(), storage.Request{Who: security.Operator()}, storage.Warn, "", 0); err != nil {
		t.Fatal(err)
	}
	w.expect(201, `{"status":201,"silenced":true}`, "POST", path, sender, alarm)

	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, method, path, w.jwt, "")
	}
	for _, path := range []string{"/alarms/state", "/alarms/history", "/alarms.json"} {
		w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, "GET", path, w.jwt, "")
	}
	w.expect(404, `{"status":404,"message":"Bad operation or collection"}`, "POST", "/alarms/bulk", w.jwt, "[]")
	if _, got := w.call("GET", "/lastModified", w.jwt, ""); strings.Contains(got, "alarms") {
		t.Errorf("LASTMODIFIED lists alarms: %s", got)
	}
}

// The sender's answer is on its way before the alarm is.
func TestAlarmWaitsForItsAnswer(t *testing.T) {
	w := newWorld(t)
	head, err := w.engine.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if resp, got := w.call("POST", "/alarms", w.jwt, `{"level":2,"title":"Low"}`); resp.StatusCode != http.StatusCreated {
		t.Fatal(got)
	}
	for c, err := range w.engine.Changes(t.Context(), head) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Answered == nil {
			t.Fatal("nobody waits")
		}
		select {
		case <-c.Answered:
		case <-time.After(5 * time.Second):
			t.Fatal("never answered")
		}
		if event, _ := storage.Told(c); event != "urgent_alarm" {
			t.Errorf("told as %q", event)
		}
		break
	}
}
