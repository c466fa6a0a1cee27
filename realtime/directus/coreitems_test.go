package directus

import (
	"strings"
	"testing"
)

// Writes by query that would reach everything are refused, however they say it.
func TestWritesByQueryNeedAFilter(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	c := h.dial("?access_token=" + admin)
	for _, query := range []string{
		`{}`, `{"filter":{}}`, `{"filter":null}`, `{"limit":-1}`, `{"filter":{"_and":[]}}`, `{"filter":{"_or":[]}}`, `{"filter":{"_or":[{}]}}`,
		`{"filter":{"_and":[{"_or":[]},{}]}}`,
	} {
		for _, action := range []string{`"action":"delete"`, `"action":"update","data":{"n":0}`} {
			c.send(`{"type":"items",` + action + `,"collection":"test","query":` + query + `,"uid":1}`)
			if got := c.next(); !strings.Contains(got, `"code":"INVALID_QUERY"`) || !strings.HasSuffix(got, `,"uid":1}`) {
				t.Errorf("%s, %s: %s", action, query, got)
			}
		}
	}
	c.ask(`{"type":"items","action":"update","collection":"test","data":{"n":0}}`,
		coreInvalid("items", "Either 'ids', 'id' or 'query' is required for an UPDATE request.", ""))
	c.ask(`{"type":"items","action":"read","collection":"test","query":{"aggregate":{"sum":"n"}}}`, `{"type":"items","data":[{"sum":{"n":6}}]}`)
	// What no longer meets the filter afterwards is answered all the same.
	c.ask(`{"type":"items","action":"update","collection":"test","data":{"status":"draft"},"query":{"filter":{"status":"published"},"fields":["id","status"],"meta":["filter_count"]}}`,
		`{"type":"items","data":[{"id":1,"status":"draft"},{"id":3,"status":"draft"}],"meta":{"filter_count":0}}`)
	c.ask(`{"type":"items","action":"delete","collection":"test","query":{"filter":{"n":{"_gt":1}},"sort":["-n"],"limit":1}}`, `{"type":"items","data":[3]}`)
	c.ask(`{"type":"items","action":"read","collection":"test","query":{"fields":["id"]}}`, `{"type":"items","data":[{"id":1},{"id":2}]}`)
}

func TestUpdateOfMany(t *testing.T) {
	h, admin := coreHouse(t, Options{MaxList: 3})
	c := h.dial("?access_token=" + admin)
	c.ask(`{"type":"items","action":"update","collection":"test","data":[{"id":2,"n":20},{"id":"1","test":"x"}],"query":{"fields":["id","test","n"]},"uid":"b"}`,
		`{"type":"items","data":[{"id":1,"test":"x","n":1},{"id":2,"test":"two","n":20}],"uid":"b"}`)
	for _, data := range []string{`[{"id":2,"n":21},{"n":1}]`, `[{"id":2,"n":21},5]`, `[{"id":2,"n":21},{"id":{},"n":1}]`, `[{"id":1},{"id":1},{"id":1},{"id":1}]`, `"x"`, `null`, `7`} {
		c.send(`{"type":"items","action":"update","collection":"test","ids":null,"data":` + data + `,"uid":"b"}`)
		if got := c.next(); !strings.Contains(got, `"code":"INVALID_PAYLOAD"`) || !strings.HasSuffix(got, `,"uid":"b"}`) {
			t.Errorf("%s: %s", data, got)
		}
	}
	c.ask(`{"type":"items","action":"read","collection":"test","id":2,"query":{"fields":["n"]}}`, `{"type":"items","data":{"n":20}}`)
}

// No bad message ends the connection, and each of a known type is answered.
func TestBadMessages(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	c := h.dial("?access_token=" + admin)
	for message, code := range map[string]string{
		``:                           "INVALID_PAYLOAD",
		`null`:                       "INVALID_PAYLOAD",
		`"x"`:                        "INVALID_PAYLOAD",
		`{"type":5}`:                 "INVALID_PAYLOAD",
		`{"type":""`:                 "INVALID_PAYLOAD",
		`{"type":"ping","uid":{}}`:   "INVALID_PAYLOAD",
		`{"type":"ping","uid":null}`: "INVALID_PAYLOAD",
		`{"type":"items","action":5,"collection":"test"}`:                                                 "INVALID_PAYLOAD",
		`{"type":"items","action":"read"}`:                                                                "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":5}`:                                                 "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":"test","id":{}}`:                                    "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":"test","id":null}`:                                  "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":"test","id":0}`:                                     "FORBIDDEN",
		`{"type":"items","action":"delete","collection":"test","id":""}`:                                  "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":"test","ids":"1"}`:                                  "INVALID_PAYLOAD",
		`{"type":"items","action":"read","collection":"test","query":"x"}`:                                "INVALID_QUERY",
		`{"type":"items","action":"read","collection":"test","query":{"filter":{"n":{"_bogus":1}}}}`:      "INVALID_QUERY",
		`{"type":"items","action":"read","collection":"test","query":{"filter":{"$where":1}}}`:            "INVALID_QUERY",
		`{"type":"items","action":"read","collection":"test","query":{"filter":{"n":{"_eq":{"$gt":1}}}}}`: "INVALID_QUERY",
		`{"type":"items","action":"create","collection":"test"}`:                                          "INVALID_PAYLOAD",
		`{"type":"items","action":"create","collection":"test","data":"x"}`:                               "INVALID_PAYLOAD",
		`{"type":"items","action":"create","collection":"test","data":{"id":1}}`:                          "RECORD_NOT_UNIQUE",
		`{"type":"subscribe","collection":"test","query":{"aggregate":{"count":"*"}}}`:                    "INVALID_QUERY",
		`{"type":"subscribe","collection":"test","item":null}`:                                            "INVALID_PAYLOAD",
		`{"type":"subscribe","collection":"test","event":null}`:                                           "INVALID_PAYLOAD",
		`{"type":"subscribe","collection":"test","query":{"filter":{"n":{"_bogus":1}}},"uid":"k"}`:        "INVALID_QUERY",
	} {
		c.send(message)
		got := c.next()
		if !strings.Contains(got, `"code":"`+code+`"`) {
			t.Errorf("%s: %s", message, got)
		}
	}
	c.quiet()
	if forms, sessions := h.server.topics.forms.Len(), h.hub.Sessions(); forms != 0 || sessions != h.server.Connections() {
		t.Errorf("%d forms, %d sessions", forms, sessions)
	}
}

// A subscription that fails in the place of another ends that one; what is refused before leaves it.
func TestReplacedSubscription(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	c := h.dial("?access_token=" + admin)
	c.ask(`{"type":"subscribe","collection":"test","event":"delete","uid":1}`, `{"type":"subscription","event":"init","uid":"1"}`)
	c.ask(`{"type":"subscribe","collection":"nosuch","uid":"1"}`, `{"type":"subscribe",`+noCollection+`,"uid":"1"}`)
	c.send(`{"type":"items","action":"delete","collection":"test","id":1}`)
	c.want(`{"type":"items","data":1}`, `{"type":"subscription","event":"delete","data":[1],"uid":"1"}`)
	c.ask(`{"type":"subscribe","collection":"test","item":1,"uid":"1"}`, `{"type":"subscribe",`+coreForbidden+`,"uid":"1"}`)
	c.ask(`{"type":"items","action":"delete","collection":"test","id":2}`, `{"type":"items","data":2}`)
	h.told(c)
	c.quiet()
}
