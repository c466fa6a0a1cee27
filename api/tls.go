package api

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// KeyFiles are the PEM files of a server's certificate.
type KeyFiles struct {
	Cert  string // SSL_CERT: the certificate, and its chain if it is in the same file
	Key   string // SSL_KEY: the private key, not encrypted
	Chain string // SSL_CA: further certificates to send after Cert; "" for none
}

// certificate is the server's certificate. It is read again when its files have changed, so that a renewed one needs no
// restart.
type certificate struct {
	files   KeyFiles
	log     *slog.Logger
	mu      sync.Mutex
	stamps  [3]stamp
	current *tls.Certificate
}

// stamp tells two states of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

// NewTLS is the configuration of a server with this certificate. Errors name the setting.
func NewTLS(files KeyFiles, log *slog.Logger) (*tls.Config, error) {
	switch {
	case files.Cert == "":
		return nil, errors.New("SSL_CERT: must be set too, where SSL_KEY or SSL_CA is")
	case files.Key == "":
		return nil, errors.New("SSL_KEY: must be set too, where SSL_CERT or SSL_CA is")
	}
	c := &certificate{files: files, log: log, stamps: files.stamps()}
	var err error
	if c.current, err = files.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.newest(), nil },
	}, nil
}

// newest is the certificate in the files or, while they cannot be used, the one that was there before. Asking for their
// state costs little beside the handshake that it is for.
func (c *certificate) newest() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.files.stamps()
	if now == c.stamps {
		return c.current
	}
	c.stamps = now // what cannot be used is said once; the next change, such as that of the other file, is tried again
	renewed, err := c.files.load()
	if err != nil {
		c.log.Warn("the changed certificate cannot be used, so the old one still is", "error", err)
		return c.current
	}
	c.log.Info("the changed certificate is used from now on")
	c.current = renewed
	return renewed
}

func (f KeyFiles) stamps() (all [3]stamp) {
	for i, name := range []string{f.Cert, f.Key, f.Chain} {
		if info, err := os.Stat(name); err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

// load reads the files.
func (f KeyFiles) load() (*tls.Certificate, error) {
	cert, err := os.ReadFile(f.Cert)
	if err != nil {
		return nil, fmt.Errorf("SSL_CERT: %w", err)
	}
	key, err := os.ReadFile(f.Key)
	if err != nil {
		return nil, fmt.Errorf("SSL_KEY: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("SSL_CERT (%s) and SSL_KEY (%s) are no pair: %w", f.Cert, f.Key, err)
	}
	if f.Chain == "" {
		return &pair, nil
	}
	chain, err := os.ReadFile(f.Chain)
	if err != nil {
		return nil, fmt.Errorf("SSL_CA: %w", err)
	}
	if err := appendChain(&pair, chain); err != nil {
		return nil, fmt.Errorf("SSL_CA: %s: %w", f.Chain, err)
	}
	return &pair, nil
}

// appendChain adds the certificates in text that are not in the chain yet.
func appendChain(pair *tls.Certificate, text []byte) error {
	found := false
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return err
		}
		found = true
		known := func(other []byte) bool { return bytes.Equal(other, block.Bytes) }
		if !slices.ContainsFunc(pair.Certificate, known) {
			pair.Certificate = append(pair.Certificate, block.Bytes)
		}
	}
	if !found {
		return errors.New("holds no certificate")
	}
	return nil
}
