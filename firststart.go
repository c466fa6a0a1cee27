package main

import (
	"context"
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
func (s *server) localURL() string {
	scheme := "http://"
	if s.tls != nil {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return scheme + s.listener.Addr().String() + s.basePath
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port) + s.basePath
}
