package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"time"
)

// account is a subject that may do everything.
type account struct{ accessToken, jwt string }

// newAccount makes a subject with the role admin and exchanges its access token.
func newAccount(address string) (account, error) {
	sum := sha1.Sum([]byte(secret))
	base := "http://" + address + "/api/v2/authorization"
	admin := http.Header{"Api-Secret": {hex.EncodeToString(sum[:])}, "Content-Type": {"application/json"}}
	if _, err := call("POST", base+"/subjects", admin, `{"name":"bench","roles":["admin"]}`, nil); err != nil {
		return account{}, err
	}
	var subjects []struct{ Name, AccessToken string }
	if _, err := call("GET", base+"/subjects", admin, "", &subjects); err != nil {
		return account{}, err
	}
	for _, s := range subjects {
		if s.Name == "bench" {
			var exchange struct{ Token string }
			_, err := call("GET", base+"/request/"+s.AccessToken, nil, "", &exchange)
			return account{s.AccessToken, exchange.Token}, err
		}
	}
	return account{}, fmt.Errorf("no subject was made")
}

// call makes one request and decodes the answer; statuses from 400 are errors.
func call(method, url string, h http.Header, body string, into any) (int, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	for k, v := range h {
		req.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %d %s", method, url, resp.StatusCode, text)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	return resp.StatusCode, err
}

// filler makes documents about 400 bytes long, as uploaders' are.
var filler = strings.Repeat("abcdefghij", 12)

// document is the n-th document.
func document(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"identifier":"bench-%08d","type":"sgv","sgv":%d,"direction":"Flat","device":"xDrip-DexcomG6","date":%d,"utcOffset":60,"app":"bench","notes":"%s"}`,
		n, 40+n%360, 1_600_000_000_000+int64(n)*300_000, filler)
	return b.Bytes()
}

// writer posts documents over one connection, and reads, with as little work of its own as can be: it shares the processors
// with what it measures.
type writer struct {
	conn net.Conn
	in   *bufio.Reader
	head string // of every request, but for its first line
	out  []byte
}

func newWriter(address, jwt string) (*writer, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	head := " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + jwt + "\r\nContent-Length: "
	return &writer{conn: conn, in: bufio.NewReaderSize(conn, 2048), head: head}, nil
}

// post writes one document and waits for the answer.
func (w *writer) post(doc []byte) error { return w.exchange("POST /api/v3/entries", doc) }

// get reads what is at a path.
func (w *writer) get(path string) error { return w.exchange("GET "+path, nil) }

// exchange sends a request and reads its answer.
func (w *writer) exchange(what string, body []byte) error {
	w.out = fmt.Appendf(append(append(w.out[:0], what...), w.head...), "%d\r\n\r\n%s", len(body), body)
	if err := w.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return err
	}
	status, err := w.in.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 20") {
		return fmt.Errorf("%s: %s", what, status)
	}
	return w.skipRest()
}

// skipRest reads the headers and the body of an answer, of known or chunked length.
func (w *writer) skipRest() error {
	length := 0
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
		if text, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(text))
		}
		if strings.HasPrefix(line, "Transfer-Encoding: chunked") {
			length = -1
		}
	}
	if length >= 0 {
		_, err := w.in.Discard(length)
		return err
	}
	_, err := io.Copy(io.Discard, httputil.NewChunkedReader(w.in))
	if err == nil {
		_, err = w.in.ReadString('\n')
	}
	return err
}

func (w *writer) close() { w.conn.Close() }
