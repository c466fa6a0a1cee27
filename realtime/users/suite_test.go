package users

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nightwire/realtime"
	"nightwire/realtime/realtimetest"
)

// What every protocol guarantees to listeners holds. Nobody subscribes here: whoever has a connection is subscribed.
func TestGuarantees(t *testing.T) {
	realtimetest.Run(t, realtimetest.Protocol{
		Open: suiteHouse, Subscribe: func(*realtimetest.Client) {}, Keys: toldKeys,
	})
}

// toldKeys are the identifiers of documents that were created.
func toldKeys(message []byte) []string {
	var told struct {
		EventType int
		ColName   string
		Doc       struct{ Identifier string }
	}
	if json.Unmarshal(message, &told) != nil || told.EventType != 11 || told.ColName != realtimetest.Collection {
		return nil
	}
	return []string{told.Doc.Identifier}
}

func suiteHouse(t *testing.T, wrap func(realtime.Journal) realtime.Journal) *realtimetest.House {
	fromHere := func(inner http.Handler) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Origin", "http://localhost") // the suite's clients send none
			inner.ServeHTTP(w, r)
		}))
	}
	h := openHouse(t, configured(nil), fromHere, wrap)
	return &realtimetest.House{
		URL:         func(token string) string { return "ws" + strings.TrimPrefix(h.web.URL, "http") + "/?token=" + token },
		Guard:       h.guard,
		Documents:   h.documents,
		Connections: h.server.Connections,
		Stop:        h.stop,
	}
}
