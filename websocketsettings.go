package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightwire/realtime/directus"
)

// The bounds of what an operator may ask for: a message is held in memory while it is worked on, and a filter is walked
// recursively.
const (
	minMessage     = 1 << 10
	maxMessage     = 64 << 20 // to /websocket
	maxFilterDepth = 100
)

// websocketTable is the settings of /websocket: those of Directus's extension, those of its core, and limits of ours.
var websocketTable = []setting{
	{"WEBSOCKET_ENABLED", nil, "true", "false serves no /websocket",
		func(s *settings, v string) error { return setOff(&s.websocketOff, v) }},
	{"WEBSOCKET_PATH", []string{"WEBSOCKETS_REST_PATH"}, "/websocket", "where Directus's clients connect, below BASE_PATH",
		func(s *settings, v string) error { return setSocketPath(&s.websocket.Path, v) }},
	{"WEBSOCKET_PUBLIC", nil, "false", "true admits who shows no token, with the rights of everybody",
		func(s *settings, v string) error { return setBool(&s.websocket.Public, v) }},
	{"WEBSOCKET_DIALECT", nil, "legacy", "legacy, v3 or core: how /websocket speaks to clients that do not show or say what they want (?dialect=)",
		func(s *settings, v string) error {
			return setOneOf(&s.websocket.Dialect, v, directus.Legacy, directus.V3, directus.Core)
		}},
	{"WEBSOCKET_SYSTEM", nil, "false", "true shows subjects as directus_users, without their tokens, to who may read them",
		func(s *settings, v string) error { return setBool(&s.websocket.System, v) }},
	{"WEBSOCKET_CORE", nil, "true", "false switches all five handlers of the extension's dialects off: GET, POST, PATCH, DELETE and SUBSCRIBE",
		func(s *settings, v string) error { return setAllOff(&s.websocket.Off, v) }},
	handler("GET", func(off *directus.Verbs) *bool { return &off.Get }),
	handler("POST", func(off *directus.Verbs) *bool { return &off.Post }),
	handler("PATCH", func(off *directus.Verbs) *bool { return &off.Patch }),
	handler("DELETE", func(off *directus.Verbs) *bool { return &off.Delete }),
	handler("SUBSCRIBE", func(off *directus.Verbs) *bool { return &off.Subscribe }),
	{"WEBSOCKETS_ENABLED", nil, "true", "false does not speak the dialect core",
		func(s *settings, v string) error { return setOff(&s.websocket.NoCore, v) }},
	{"WEBSOCKETS_REST_ENABLED", nil, "true", "the same",
		func(s *settings, v string) error { return setOff(&s.websocket.NoCore, v) }},
	{"WEBSOCKETS_REST_AUTH", nil, "", "public (a token is optional), handshake (the first message brings it) or strict (the URL does), for all dialects; not set: WEBSOCKET_PUBLIC decides",
		func(s *settings, v string) error {
			return setOneOf(&s.websocket.Auth, v, directus.Unset, directus.Public, directus.Handshake, directus.Strict)
		}},
	{"WEBSOCKETS_REST_AUTH_TIMEOUT", nil, "10", "seconds for which an auth message is awaited",
		func(s *settings, v string) error { return setSeconds(&s.websocket.AuthTimeout, v) }},
	{"WEBSOCKETS_REST_CONN_LIMIT", nil, "0", "sockets on /websocket at once; 0 for any number",
		func(s *settings, v string) error { return setLimit(&s.websocket.ConnLimit, v) }},
	{"WEBSOCKETS_HEARTBEAT_PERIOD", nil, "30", "seconds between the pings of the dialect core; who stays silent for another period is cut",
		func(s *settings, v string) error { return setSeconds(&s.websocket.Heartbeat, v) }},
	{"WEBSOCKETS_HEARTBEAT_ENABLED", nil, "true", "false sends no such pings",
		func(s *settings, v string) error { return setHeartbeat(&s.websocket.Heartbeat, v) }},
	{"WEBSOCKET_MAX_MESSAGE", nil, "1048576", "bytes of a message to /websocket; a longer one ends the connection",
		func(s *settings, v string) error { return setBytes(&s.websocket.Wire.MaxMessage, v, maxMessage) }},
	{"WEBSOCKET_MAX_SUBSCRIPTIONS", nil, "128", "subscriptions of one socket on /websocket",
		func(s *settings, v string) error { return setCount(&s.websocket.MaxSubscriptions, v) }},
	{"WEBSOCKET_MAX_FILTER_DEPTH", nil, "10", "levels of a filter",
		func(s *settings, v string) error { return setDepth(&s.websocket.MaxFilterDepth, v) }},
	{"WEBSOCKET_MAX_LIST", nil, "1000", "elements of a list in a message: documents, ids, fields, values of a filter",
		func(s *settings, v string) error { return setCount(&s.websocket.MaxList, v) }},
	{"WEBSOCKET_RATE", nil, "1000", "messages per second, and at once, of one socket on /websocket; 0 for any number",
		func(s *settings, v string) error { return setRate(&s.websocket.Rate, v) }},
}

// handler is the switch of one handler of the extension.
func handler(verb string, of func(*directus.Verbs) *bool) setting {
	return setting{"WEBSOCKET_CORE_" + verb, nil, "true", "false switches this one off: " + verb + " is no known type then",
		func(s *settings, v string) error { return setOff(of(&s.websocket.Off), v) }}
}

// setOff notes that something is switched off; what another setting has switched off stays so.
func setOff(off *bool, v string) error {
	var on bool
	if err := setBool(&on, v); err != nil {
		return err
	}
	*off = *off || !on
	return nil
}

func setAllOff(to *directus.Verbs, v string) error {
	var off bool
	if err := setOff(&off, v); err != nil || !off {
		return err
	}
	*to = directus.Verbs{Get: true, Post: true, Patch: true, Delete: true, Subscribe: true}
	return nil
}

// taken are the paths of other faces, and of what lies below them.
var taken = []string{"/api", "/action", "/socket.io", "/healthz", "/readyz"}

// setSocketPath takes a path that is nobody else's, and that no router reads as a pattern.
func setSocketPath(to *string, v string) error {
	clean := path.Clean("/" + v)
	if clean == "/" || strings.ContainsAny(clean, "?#%:* ") {
		return errors.New("must be a plain path, such as /websocket")
	}
	for _, other := range taken {
		if below := strings.ToLower(clean) + "/"; strings.HasPrefix(below, other+"/") {
			return fmt.Errorf("must not be %s or below it", other)
		}
	}
	*to = clean
	return nil
}

func setOneOf[T ~string](to *T, v string, known ...T) error {
	if !slices.Contains(known, T(v)) {
		var names []string
		for _, k := range known {
			if k != "" {
				names = append(names, string(k))
			}
		}
		return fmt.Errorf("must be one of %s", strings.Join(names, ", "))
	}
	*to = T(v)
	return nil
}

func setSeconds(to *time.Duration, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 86_400 {
		return errors.New("must be a number of seconds from 1 to 86400")
	}
	*to = time.Duration(n) * time.Second
	return nil
}

// setHeartbeat leaves the period as it is, or has none.
func setHeartbeat(to *time.Duration, v string) error {
	var off bool
	if err := setOff(&off, v); err != nil {
		return err
	}
	if off {
		*to = -1
	}
	return nil
}

// setLimit takes 0 for no limit.
func setLimit(to *int, v string) error {
	if v == "0" {
		*to = 0
		return nil
	}
	if err := setCount(to, v); err != nil {
		return errors.New("must be a number from 0 to 1000000")
	}
	return nil
}

// setRate is setLimit where 0 is what stands for the default.
func setRate(to *int, v string) error {
	if err := setLimit(to, v); err != nil {
		return err
	}
	if *to == 0 {
		*to = -1
	}
	return nil
}

func setDepth(to *int, v string) error {
	if err := setCount(to, v); err != nil || *to > maxFilterDepth {
		return fmt.Errorf("must be a number from 1 to %d", maxFilterDepth)
	}
	return nil
}

func setBytes(to *int64, v string, most int64) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < minMessage || n > most {
		return fmt.Errorf("must be a number of bytes from %d to %d", minMessage, most)
	}
	*to = n
	return nil
}
