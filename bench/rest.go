package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// post writes one document on its own connection's client.
func post(c *http.Client, address, jwt string, doc []byte) error {
	req, err := http.NewRequest("POST", "http://"+address+"/api/v3/entries", bytes.NewReader(doc))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+jwt)
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("POST: %s", resp.Status)
	}
	return err
}

func oneConnection() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
}
