package directus

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// insert stores new documents, and returns the group of their changes.
func (h *house) insert(collection string, docs ...storage.Document) string {
	h.t.Helper()
	results, err := h.documents.Insert(h.t.Context(), storage.Request{Who: security.Operator()}, collection, docs)
	if err != nil {
		h.t.Fatal(err)
	}
	return results[0].Change.Group
}

// TestHeldByTopics: what is held for a subscription is small: no long uids and queries, and no events once they are told.
func TestHeldByTopics(t *testing.T) {
	h := newHouse(t, Options{})
	token := h.token("anna", "api:test:read")
	legacy, core := h.connect(token), h.dial("?dialect=core&access_token="+token)
	uid, query := strings.Repeat("u", maxUID), `{"filter":{"test":{"_in":["`+strings.Repeat("q", maxQuery)+`"]}}}`
	legacy.ask(`{"type":"subscribe","collection":"test","uid":"`+uid+`"}`, refusal(400, "INVALID_PAYLOAD", `,"uid":"`+uid+`"`))
	legacy.ask(`{"type":"subscribe","collection":"test","query":`+query+`}`, refusal(400, "INVALID_QUERY"))
	for _, member := range []string{`"uid":"` + uid + `"`, `"query":` + query} {
		core.send(`{"type":"subscribe","collection":"test",` + member + `}`)
		if answer := core.next(); !strings.Contains(answer, "too long") {
			t.Error(answer)
		}
	}
	legacy.send(`{"type":"subscribe","collection":"test","uid":"a"}`)
	legacy.settled()
	group := h.insert("test", `{"test":"x"}`)
	legacy.next()
	select {
	case <-h.hub.Told(group):
	case <-time.After(patience):
		t.Fatal("not told")
	}
	h.server.topics.mu.Lock()
	defer h.server.topics.mu.Unlock()
	for key, v := range h.server.topics.views {
		if v.last != nil {
			t.Errorf("%v holds its last event", key)
		}
	}
}

// TestTextsOfAQuery: all texts of a query together that are looked for within others are limited.
func TestTextsOfAQuery(t *testing.T) {
	var parts []string
	for i := range 5 {
		parts = append(parts, fmt.Sprintf(`{"test":{"_icontains":"%s%d"}}`, strings.Repeat("a", maxText/4-1), i))
	}
	for n, ok := range map[int]bool{4: true, 5: false} {
		_, err := parseFilter(storage.Value(`{"_or":[`+strings.Join(parts[:n], ",")+`]}`), queryOptions{}.complete())
		if (err == nil) != ok {
			t.Errorf("%d: %v", n, err)
		}
	}
}
