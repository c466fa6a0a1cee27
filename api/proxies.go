package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of reverse proxies, whose X-Forwarded-* headers are believed. Anybody else's are ignored.
type Proxies []netip.Prefix

// named are ranges that have a name in a list of proxies.
var named = map[string]Proxies{
	"none":     nil,
	"loopback": {netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	"private": {netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7")},
}

// ParseProxies reads addresses, ranges such as 10.0.0.0/8 and the names loopback, private and none, separated by commas.
func ParseProxies(list string) (Proxies, error) {
	var all Proxies
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if ranges, ok := named[strings.ToLower(item)]; ok {
			all = append(all, ranges...)
			continue
		}
		prefix, err := parsePrefix(item)
		if err != nil {
			return nil, fmt.Errorf("%q is no address, no range such as 10.0.0.0/8, and none of loopback, private, none", item)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// parsePrefix reads a range or a single address. IPv4 that is written as IPv6 becomes IPv4, as peers' addresses do.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err == nil && prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix, err
}

// ClientAddress is where a request comes from: the address of the TCP connection or, where that is a proxy's, the last
// one in X-Forwarded-For that is not. What stands before it is the client's own claim. Where all are proxies it is the
// farthest.
func (p Proxies) ClientAddress(r *http.Request) string {
	peer, ok := parseAddress(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var hop string
			rest, hop, more = cutLast(rest)
			before, ok := parseAddress(hop)
			if !ok || !p.contain(peer) {
				return peer.String()
			}
			peer = before
		}
	}
	return peer.String()
}

// cutLast cuts the last element off a list separated by commas.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// Scheme is the scheme that a proxy says the client used, in lower case; "" where no proxy says so. Of several it is the
// first, the one at the client's side: a client that forges it only redirects itself.
func (p Proxies) Scheme(r *http.Request) string {
	return strings.ToLower(p.forwarded(r, "X-Forwarded-Proto"))
}

// Host is the host that the client asked for, with its port.
func (p Proxies) Host(r *http.Request) string {
	if host := p.forwarded(r, "X-Forwarded-Host"); host != "" {
		return host
	}
	return r.Host
}

// forwarded is the first value of a header that counts only from a proxy.
func (p Proxies) forwarded(r *http.Request, header string) string {
	value := r.Header.Get(header)
	if value == "" {
		return ""
	}
	if peer, ok := parseAddress(r.RemoteAddr); !ok || !p.contain(peer) {
		return ""
	}
	first, _, _ := strings.Cut(value, ",")
	return strings.TrimSpace(first)
}

func (p Proxies) contain(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// parseAddress reads an address with or without a port; IPv6 may stand in brackets.
func parseAddress(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}
