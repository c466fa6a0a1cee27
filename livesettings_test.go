package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"nightwire/realtime/daptin"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

func TestLiveDefaults(t *testing.T) {
	s, err := readSettings(lookupIn(nil))
	if err != nil || s.liveOff || s.livePath != "/live" {
		t.Fatalf("off: %v, at %s, %v", s.liveOff, s.livePath, err)
	}
	want := daptin.Options{
		Protocol: daptin.Doc, Secrets: daptin.DefaultSecrets(), MaxSubscriptions: 256, Rate: 1000, Wire: wire.Options{MaxMessage: 1 << 20},
	}
	if !reflect.DeepEqual(s.live, want) {
		t.Errorf("%+v", s.live)
	}
	if topics := (storage.TopicOptions{Max: 10_000, MaxPerSubject: 100}); !reflect.DeepEqual(s.topics, topics) {
		t.Errorf("%+v", s.topics)
	}
	for _, secret := range []string{"password", "token", "secret"} {
		if !slices.Contains(s.live.Secrets, secret) {
			t.Errorf("%s is no secret", secret)
		}
	}
}

func TestLiveSettings(t *testing.T) {
	type env = map[string]string
	for _, c := range []struct {
		env  env
		want func(s *settings)
	}{
		{env{"LIVE_ENABLED": "false"}, func(s *settings) { s.liveOff = true }},
		{env{"LIVE_PATH": "daptin/live/"}, func(s *settings) { s.livePath = "/daptin/live" }},
		{env{"LIVE_PATH": "/websocket/live"}, func(s *settings) { s.livePath = "/websocket/live" }},
		{env{"live_protocol": "typed"}, func(s *settings) { s.live.Protocol = daptin.Typed }},
		{env{"LIVE_ORIGINS": "https://a.example, http://b.example:8080"}, func(s *settings) {
			s.live.Origins = []string{"https://a.example", "http://b.example:8080"}
		}},
		{env{"LIVE_ORIGINS": "*"}, func(s *settings) { s.live.Origins = []string{"*"} }},
		{env{"LIVE_SECRET_FIELDS": "pin, code"}, func(s *settings) { s.live.Secrets = []string{"pin", "code"} }},
		{env{"LIVE_MAX_MESSAGE": "33554432", "LIVE_RATE": "0"}, func(s *settings) { s.live.Wire.MaxMessage, s.live.Rate = 32<<20, -1 }},
		{env{"LIVE_MAX_SUBSCRIPTIONS": "1", "LIVE_MAX_TOPICS": "3", "LIVE_MAX_TOPICS_PER_SUBJECT": "2"}, func(s *settings) {
			s.live.MaxSubscriptions, s.topics = 1, storage.TopicOptions{Max: 3, MaxPerSubject: 2}
		}},
	} {
		want, err := readSettings(lookupIn(nil))
		if err != nil {
			t.Fatal(err)
		}
		c.want(&want)
		s, err := readSettings(lookupIn(c.env))
		if err != nil || s.liveOff != want.liveOff || s.livePath != want.livePath || !reflect.DeepEqual(s.live, want.live) || !reflect.DeepEqual(s.topics, want.topics) {
			t.Errorf("%v: %+v, %+v, %v", c.env, s.live, s.topics, err)
		}
	}
}

func TestBadLiveSettings(t *testing.T) {
	for name, values := range map[string][]string{
		"LIVE_ENABLED":                {"yes, please"},
		"LIVE_PATH":                   {"/", "/a?b", "/a/:id", "/api/x", "/action", "/socket.io", "/readyz/", "/websocket", "websocket/"},
		"LIVE_PROTOCOL":               {"v1", "Doc", "core"},
		"LIVE_ORIGINS":                {"page.example", "https://page.example/", "https://a.example,", "https://a.example https://b.example"},
		"LIVE_SECRET_FIELDS":          {",", "password,,token"},
		"LIVE_MAX_MESSAGE":            {"0", "1023", "33554433", "1M"},
		"LIVE_MAX_SUBSCRIPTIONS":      {"0", "x"},
		"LIVE_RATE":                   {"-1", "1.5"},
		"LIVE_MAX_TOPICS":             {"0", "x"},
		"LIVE_MAX_TOPICS_PER_SUBJECT": {"0", "-1"},
	} {
		for _, value := range values {
			refuses(t, name, value, name)
		}
	}
}

// Two faces cannot be at one place, but one of them may be where the other would be.
func TestPathsOfWebsocketsDiffer(t *testing.T) {
	env := map[string]string{"WEBSOCKET_PATH": "/ws", "LIVE_PATH": "ws/"}
	if _, err := readSettings(lookupIn(env)); err == nil || !strings.Contains(err.Error(), "LIVE_PATH:") || !strings.Contains(err.Error(), "WEBSOCKET_PATH") {
		t.Errorf("%v: %v", env, err)
	}
	for _, off := range []string{"WEBSOCKET_ENABLED", "LIVE_ENABLED"} {
		env[off] = "false"
		if _, err := readSettings(lookupIn(env)); err != nil {
			t.Errorf("%v: %v", env, err)
		}
		delete(env, off)
	}
}
