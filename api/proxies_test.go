package api_test

import (
	"net/http"
	"testing"

	"nightwire/api"
)

func proxies(t *testing.T, list string) api.Proxies {
	t.Helper()
	p, err := api.ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestClientAddress(t *testing.T) {
	const usual = "loopback,private"
	for _, c := range []struct {
		proxies, peer string
		forwarded     []string
		want          string
	}{
		{usual, "127.0.0.1:99", nil, "127.0.0.1"},
		{usual, "127.0.0.1:99", []string{"203.0.113.7"}, "203.0.113.7"},
		{usual, "203.0.113.9:99", []string{"203.0.113.7"}, "203.0.113.9"}, // no proxy of ours
		{usual, "127.0.0.1:99", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{usual, "127.0.0.1:99", []string{"198.51.100.1", "203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		{usual, "127.0.0.1:99", []string{"203.0.113.7,192.168.1.1,172.31.0.1"}, "203.0.113.7"},
		{usual, "127.0.0.1:99", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"}, // proxies all: the farthest
		{usual, "127.0.0.1:99", []string{"203.0.113.7, unknown"}, "127.0.0.1"},
		{usual, "127.0.0.1:99", []string{"<script>, 10.0.0.2"}, "10.0.0.2"},
		{usual, "127.0.0.1:99", []string{""}, "127.0.0.1"},
		{usual, "127.0.0.1:99", []string{"203.0.113.7:4711"}, "203.0.113.7"},
		{usual, "[::1]:99", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{usual, "[::1]:99", []string{"[2001:DB8:0::1]"}, "2001:db8::1"},
		{usual, "[::ffff:127.0.0.1]:99", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{usual, "[fd00::2%eth0]:99", []string{"203.0.113.7"}, "203.0.113.7"},
		{"none", "127.0.0.1:99", []string{"203.0.113.7"}, "127.0.0.1"},
		{"loopback", "10.0.0.1:99", []string{"203.0.113.7"}, "10.0.0.1"},
		{"198.51.100.0/24, 2001:db8::5", "198.51.100.77:99", []string{"203.0.113.7, 2001:db8::5"}, "203.0.113.7"},
		{"::ffff:198.51.100.0/120", "198.51.100.77:99", []string{"203.0.113.7"}, "203.0.113.7"},
		{usual, "@", []string{"203.0.113.7"}, "@"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		if got := proxies(t, c.proxies).ClientAddress(r); got != c.want {
			t.Errorf("trusting %s, %s for %q: %s, want %s", c.proxies, c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestSchemeAndHostOnlyOfProxies(t *testing.T) {
	p := proxies(t, "10.0.0.1")
	for _, c := range []struct{ peer, proto, scheme, host string }{
		{"10.0.0.1:99", "HTTPS, http", "https", "night.example"},
		{"10.0.0.1:99", "", "", "night.example"},
		{"10.0.0.2:99", "https", "", "own.example"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Host: "own.example", Header: http.Header{
			"X-Forwarded-Proto": {c.proto}, "X-Forwarded-Host": {"night.example"}}}
		if scheme, host := p.Scheme(r), p.Host(r); scheme != c.scheme || host != c.host {
			t.Errorf("%+v: %s, %s", c, scheme, host)
		}
	}
}

func TestBadProxies(t *testing.T) {
	for _, list := range []string{"", "10.0.0.0/33", "10.0.0", "proxy.example", "loopback,", "10.0.0.1 10.0.0.2"} {
		if _, err := api.ParseProxies(list); err == nil {
			t.Errorf("%q is accepted", list)
		}
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("127.0.0.1:99", "203.0.113.7, 10.0.0.1")
	f.Add("[::1%x]:1", "[::1]:,,")
	p, err := api.ParseProxies("loopback,private")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		direct := api.Proxies(nil).ClientAddress(r)
		if got := p.ClientAddress(&http.Request{RemoteAddr: peer}); got != direct {
			t.Errorf("without header %q, without trust %q", got, direct)
		}
		if got := p.ClientAddress(r); got == "" && peer != "" {
			t.Errorf("no address for %q, %q", peer, forwarded)
		}
	})
}
