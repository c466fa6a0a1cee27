package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"

	"nightwire/security"
)

// greet creates an administrator and prints, once in the life of a data directory, all that a newcomer needs. It is
// printed and not logged, since logs are kept and shared.
func greet(ctx context.Context, w io.Writer, guard *security.Guard, apiSecret, secretFile, url string) error {
	token, err := guard.EnsureSubject(ctx, "admin", "admin")
	if err != nil {
		return fmt.Errorf("create the first administrator: %w", err)
	}
	jwt, err := guard.Exchange(ctx, token)
	if err != nil {
		return fmt.Errorf("issue a token for the first administrator: %w", err)
	}
	flags := "-s"
	if strings.HasPrefix(url, "https:") {
		flags = "-sk" // the certificate is hardly made out to the address by which this machine calls itself
	}
	_, err = fmt.Fprintf(w, `
Welcome to Nightwire. This is shown once.

  API_SECRET           %s
                       (kept in %s)
  Admin access token   %s
  Page                 %s/

Write a document (the token in this line is valid for 8 hours):

  curl %s %s/api/v3/entries -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"type":"sgv","sgv":120,"direction":"Flat","date":%s,"device":"curl","app":"curl"}'

`, apiSecret, secretFile, token, url, flags, url, jwt.Token, `'"$(date +%s)000"'`)
	return err
}

// localURL is how this machine reaches the server.
func (s *server) localURL() string { return localURL("http", s.tls, s.listener) + s.basePath }

// localURL is how this machine reaches a listener, by the scheme or its twin over TLS.
func localURL(scheme string, secure *tls.Config, l net.Listener) string {
	if secure != nil {
		scheme += "s"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return scheme + "://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
