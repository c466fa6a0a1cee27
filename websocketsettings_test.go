package main

import (
	"reflect"
	"testing"
	"time"

	"nightwire/realtime/directus"
	"nightwire/realtime/wire"
)

func TestWebsocketDefaults(t *testing.T) {
	s, err := readSettings(lookupIn(nil))
	if err != nil || s.websocketOff {
		t.Fatalf("off: %v, %v", s.websocketOff, err)
	}
	want := directus.Options{
		Path: "/websocket", Dialect: directus.Legacy, AuthTimeout: 10 * time.Second, Heartbeat: 30 * time.Second,
		MaxSubscriptions: 128, MaxFilterDepth: 10, MaxList: 1000, Rate: 1000, Wire: wire.Options{MaxMessage: 1 << 20},
	}
	if !reflect.DeepEqual(s.websocket, want) {
		t.Errorf("%+v", s.websocket)
	}
}

func TestWebsocketSettings(t *testing.T) {
	type env = map[string]string
	for _, c := range []struct {
		env  env
		want func(o *directus.Options)
	}{
		{env{"WEBSOCKETS_REST_PATH": "live/ws/"}, func(o *directus.Options) { o.Path = "/live/ws" }},
		{env{"WEBSOCKETS_REST_PATH": "/b", "WEBSOCKET_PATH": "/a"}, func(o *directus.Options) { o.Path = "/a" }},
		{env{"websocket_public": "true"}, func(o *directus.Options) { o.Public = true }},
		{env{"WEBSOCKET_SYSTEM": "true", "WEBSOCKET_DIALECT": "v3"}, func(o *directus.Options) { o.System, o.Dialect = true, directus.V3 }},
		{env{"WEBSOCKET_CORE": "false", "WEBSOCKET_CORE_GET": "true"}, func(o *directus.Options) {
			o.Off = directus.Verbs{Get: true, Post: true, Patch: true, Delete: true, Subscribe: true}
		}},
		{env{"WEBSOCKET_CORE_PATCH": "false", "WEBSOCKET_CORE_DELETE": "off"}, func(o *directus.Options) { o.Off = directus.Verbs{Patch: true, Delete: true} }},
		{env{"WEBSOCKETS_ENABLED": "false"}, func(o *directus.Options) { o.NoCore = true }},
		{env{"WEBSOCKETS_REST_ENABLED": "false"}, func(o *directus.Options) { o.NoCore = true }},
		{env{"WEBSOCKETS_REST_AUTH": "handshake", "WEBSOCKETS_REST_AUTH_TIMEOUT": "3"}, func(o *directus.Options) { o.Auth, o.AuthTimeout = directus.Handshake, 3*time.Second }},
		{env{"WEBSOCKETS_REST_CONN_LIMIT": "7"}, func(o *directus.Options) { o.ConnLimit = 7 }},
		{env{"WEBSOCKETS_HEARTBEAT_PERIOD": "4"}, func(o *directus.Options) { o.Heartbeat = 4 * time.Second }},
		{env{"WEBSOCKETS_HEARTBEAT_PERIOD": "4", "WEBSOCKETS_HEARTBEAT_ENABLED": "false"}, func(o *directus.Options) { o.Heartbeat = -1 }},
		{env{"WEBSOCKET_MAX_MESSAGE": "4096", "WEBSOCKET_MAX_LIST": "3"}, func(o *directus.Options) { o.Wire.MaxMessage, o.MaxList = 4096, 3 }},
		{env{"WEBSOCKET_MAX_SUBSCRIPTIONS": "1", "WEBSOCKET_MAX_FILTER_DEPTH": "100"}, func(o *directus.Options) { o.MaxSubscriptions, o.MaxFilterDepth = 1, 100 }},
		{env{"WEBSOCKET_RATE": "0"}, func(o *directus.Options) { o.Rate = -1 }},
	} {
		want, err := readSettings(lookupIn(nil))
		if err != nil {
			t.Fatal(err)
		}
		c.want(&want.websocket)
		if s, err := readSettings(lookupIn(c.env)); err != nil || s.websocketOff || !reflect.DeepEqual(s.websocket, want.websocket) {
			t.Errorf("%v: %+v, %v", c.env, s.websocket, err)
		}
	}
	if s, err := readSettings(lookupIn(env{"WEBSOCKET_ENABLED": "false"})); err != nil || !s.websocketOff {
		t.Errorf("WEBSOCKET_ENABLED=false: %v, %v", s.websocketOff, err)
	}
}

func TestBadWebsocketSettings(t *testing.T) {
	for name, values := range map[string][]string{
		"WEBSOCKET_ENABLED":            {"yes, please"},
		"WEBSOCKET_PATH":               {"/", "//", "/..", "/a?b", "/a/:id", "/*", "/api", "/action/x", "/API/v3/ws", "/socket.io/x", "/healthz", "/readyz/"},
		"WEBSOCKET_PUBLIC":             {"2"},
		"WEBSOCKET_DIALECT":            {"v2", "Core"},
		"WEBSOCKET_SYSTEM":             {"x"},
		"WEBSOCKET_CORE":               {"x"},
		"WEBSOCKET_CORE_GET":           {"x"},
		"WEBSOCKET_CORE_POST":          {"x"},
		"WEBSOCKET_CORE_PATCH":         {"x"},
		"WEBSOCKET_CORE_DELETE":        {"x"},
		"WEBSOCKET_CORE_SUBSCRIBE":     {"x"},
		"WEBSOCKETS_ENABLED":           {"x"},
		"WEBSOCKETS_REST_ENABLED":      {"x"},
		"WEBSOCKETS_REST_AUTH":         {"none", "Strict"},
		"WEBSOCKETS_REST_AUTH_TIMEOUT": {"0", "-1", "10s", "86401"},
		"WEBSOCKETS_REST_CONN_LIMIT":   {"-1", "many"},
		"WEBSOCKETS_HEARTBEAT_ENABLED": {"x"},
		"WEBSOCKETS_HEARTBEAT_PERIOD":  {"0", "0.5"},
		"WEBSOCKET_MAX_MESSAGE":        {"0", "1023", "67108865", "1M"},
		"WEBSOCKET_MAX_SUBSCRIPTIONS":  {"0", "x"},
		"WEBSOCKET_MAX_FILTER_DEPTH":   {"0", "101"},
		"WEBSOCKET_MAX_LIST":           {"0", "x"},
		"WEBSOCKET_RATE":               {"-1", "1.5"},
	} {
		for _, value := range values {
			refuses(t, name, value, name)
		}
	}
	refuses(t, "WEBSOCKETS_REST_PATH", "/", "WEBSOCKET_PATH")
}
