package main

import (
	"errors"
	"strings"

	"nightwire/realtime/daptin"
)

// maxLiveMessage is how many bytes a message to /live may be allowed to have: what the original takes.
const maxLiveMessage = 32 << 20

// liveTable is the settings of /live, and of the topics that its clients create.
var liveTable = []setting{
	{"LIVE_ENABLED", nil, "true", "false serves neither /live nor /action/world/publish_to_topic",
		func(s *settings, v string) error { return setOff(&s.liveOff, v) }},
	{"LIVE_PATH", nil, "/live", "where Daptin's clients connect, below BASE_PATH",
		func(s *settings, v string) error { return setSocketPath(&s.livePath, v) }},
	{"LIVE_PROTOCOL", nil, "doc", "doc (the published document's) or typed: how /live speaks to clients that do not show or say what they want (?protocol=)",
		func(s *settings, v string) error { return setOneOf(&s.live.Protocol, v, daptin.Doc, daptin.Typed) }},
	{"LIVE_ORIGINS", nil, "", "origins, separated by commas, whose pages may connect to /live by cookie besides our own, such as https://page.example; * is all of them",
		func(s *settings, v string) error { return setOrigins(&s.live.Origins, v) }},
	{"LIVE_SECRET_FIELDS", nil, strings.Join(daptin.DefaultSecrets(), ","), "names of fields, in any spelling (apiKey, api_key) and at any depth, that no row of /live shows",
		func(s *settings, v string) error { return setNames(&s.live.Secrets, v) }},
	{"LIVE_MAX_MESSAGE", nil, "1048576", "bytes of a message to /live; a longer one ends the connection",
		func(s *settings, v string) error { return setBytes(&s.live.Wire.MaxMessage, v, maxLiveMessage) }},
	{"LIVE_MAX_SUBSCRIPTIONS", nil, "256", "subscriptions of one socket on /live",
		func(s *settings, v string) error { return setCount(&s.live.MaxSubscriptions, v) }},
	{"LIVE_RATE", nil, "1000", "messages per second, and at once, of one socket on /live; 0 for any number",
		func(s *settings, v string) error { return setRate(&s.live.Rate, v) }},
	{"LIVE_MAX_TOPICS", nil, "10000", "topics that clients may have created",
		func(s *settings, v string) error { return setCount(&s.topics.Max, v) }},
	{"LIVE_MAX_TOPICS_PER_SUBJECT", nil, "100", "topics that one subject may have created",
		func(s *settings, v string) error { return setCount(&s.topics.MaxPerSubject, v) }},
}

// checkPaths refuses two faces at one place.
func (s *settings) checkPaths() error {
	if !s.websocketOff && !s.liveOff && s.livePath == s.websocket.Path {
		return errors.New("LIVE_PATH: must not be WEBSOCKET_PATH; LIVE_ENABLED=false serves no /live")
	}
	return nil
}

// setOrigins takes * for all.
func setOrigins(to *[]string, v string) error {
	if v == "" {
		return nil
	}
	var list []string
	for origin := range strings.SplitSeq(v, ",") {
		var one string
		if err := setOrigin(&one, strings.TrimSpace(origin)); err != nil {
			return errors.New("must be origins, such as https://page.example,https://night.example, or *")
		}
		list = append(list, one)
	}
	*to = list
	return nil
}

func setNames(to *[]string, v string) error {
	var list []string
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return errors.New("must be names, separated by commas")
		}
		list = append(list, name)
	}
	*to = list
	return nil
}
