package daptin

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"nightwire/realtime"
	"nightwire/realtime/realtimetest"
)

// What every protocol guarantees to listeners holds in each dialect.
func TestGuarantees(t *testing.T) {
	dialects := map[Dialect]func(*realtimetest.Client){
		Doc: func(c *realtimetest.Client) {
			c.Say(subscribe(realtimetest.Collection, `{"__type":"`+realtimetest.Collection+`"}`))
			c.Say(listTopics)
			c.Await(func(message []byte) bool { return strings.Contains(string(message), "topic-list") })
		},
		Typed: func(c *realtimetest.Client) {
			c.Say(`{"id":"a","method":"subscribe","attributes":{"topicName":"` + realtimetest.Collection + `"}}`)
			c.Await(func(message []byte) bool { return strings.Contains(string(message), `"ok":true`) })
		},
	}
	for dialect, subscribe := range dialects {
		t.Run(string(dialect), func(t *testing.T) {
			realtimetest.Run(t, realtimetest.Protocol{Open: suiteHouse, Subscribe: subscribe, Keys: toldKeys})
		})
	}
}

// toldKeys are the references of rows that were created.
func toldKeys(message []byte) []string {
	var told struct {
		EventType, Event string
		EventData        json.RawMessage
		Data             string
	}
	if json.Unmarshal(message, &told) != nil || told.EventType != "create" && told.Event != "create" {
		return nil
	}
	if told.Data != "" {
		told.EventData, _ = base64.StdEncoding.DecodeString(told.Data) // what is none has no reference
	}
	var row struct {
		Reference string `json:"reference_id"`
	}
	if json.Unmarshal(told.EventData, &row) != nil || row.Reference == "" {
		return nil
	}
	return []string{row.Reference}
}

func suiteHouse(t *testing.T, wrap func(realtime.Journal) realtime.Journal) *realtimetest.House {
	h := openHouse(t, Options{}, wrap)
	return &realtimetest.House{
		URL:         func(token string) string { return h.url("?token=" + token) },
		Guard:       h.guard,
		Documents:   h.documents,
		Connections: h.server.Connections,
		Stop:        h.stop,
	}
}
