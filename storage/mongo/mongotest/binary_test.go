package mongotest

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const apiSecret = "the secret of this Nightscout"

// binaries is where nightwire lies; TestMain makes and removes it.
var binaries string

// nightwire is the server, built once for all tests of the process.
var nightwire = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaries, "nightwire")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// node is a running server.
type node struct {
	t   *testing.T
	url string
	cmd *exec.Cmd
	log *bytes.Buffer // to be read after its end
	jwt string
}

// launch starts the server on a database and waits until it is ready.
func launch(t *testing.T, uri string) *node {
	t.Helper()
	path, err := nightwire()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	n := &node{t: t, url: "http://" + address, cmd: exec.Command(path), log: &bytes.Buffer{}}
	n.cmd.Env = []string{"LISTEN=" + address, "MONGODB_URI=" + uri, "API_SECRET=" + apiSecret, "DATA_DIR=" + t.TempDir(), "TZ=UTC"}
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.stop)
	for end := time.Now().Add(30 * time.Second); ; {
		if resp, err := http.Get(n.url + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return n
			}
		}
		if time.Now().After(end) {
			t.Fatal("the server is not ready")
		}
		time.Sleep(5 * time.Millisecond) // nothing but its port tells that another process is ready
	}
}

// stop ends the server and shows its log when the test has failed.
func (n *node) stop() {
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		n.t.Error(err)
	}
	if err := n.cmd.Wait(); err != nil || n.t.Failed() {
		n.t.Errorf("the server ended with %v:\n%s", err, n.log)
	}
}

// call makes a request and expects a status; it returns the answer's body.
func (n *node) call(method, path, body string, want int) []byte {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if n.jwt != "" {
		req.Header.Set("Authorization", "Bearer "+n.jwt)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		n.t.Errorf("%s %s: %d %s (%v), want %d", method, path, resp.StatusCode, answer, err, want)
	}
	return answer
}

// login makes the calls that follow those of a subject.
func (n *node) login(token string) {
	n.t.Helper()
	var issued struct{ Token string }
	if err := json.Unmarshal(n.call("GET", "/api/v2/authorization/request/"+token, "", http.StatusOK), &issued); err != nil {
		n.t.Fatal(err)
	}
	n.jwt = issued.Token
}

// list are the identifiers in an answer with a list.
func (n *node) list(path string) string {
	n.t.Helper()
	var answer struct{ Result []struct{ Identifier string } }
	if err := json.Unmarshal(n.call("GET", path, "", http.StatusOK), &answer); err != nil {
		n.t.Fatal(err)
	}
	var ids []string
	for _, doc := range answer.Result {
		ids = append(ids, doc.Identifier)
	}
	return strings.Join(ids, " ")
}

// accessToken is the token that Nightscout gave a subject: it follows from the secret, the subject's _id and its name.
func accessToken(abbreviation, id string) string {
	secret := sha1.Sum([]byte(apiSecret))
	digest := sha1.Sum([]byte(hex.EncodeToString(secret[:]) + id))
	return abbreviation + "-" + hex.EncodeToString(digest[:])[:16]
}

// TestBesideNightscout: the built server on the database of a Nightscout, used by a client with the token that it had.
func TestBesideNightscout(t *testing.T) {
	uri, db := freshDatabase(t)
	nightscout(t, db)
	n := launch(t, uri)
	n.login(accessToken("aapsphone", subjectID))
	var read struct{ Result map[string]any }
	if err := json.Unmarshal(n.call("GET", "/api/v3/entries/"+entryID, "", http.StatusOK), &read); err != nil {
		t.Fatal(err)
	}
	if doc := read.Result; doc["identifier"] != entryID || doc["_id"] != nil || doc["_nw"] != nil || doc["sgv"] != 120.0 || doc["srvModified"] != 1.68e12 {
		t.Errorf("read %v", doc)
	}
	if got := n.list("/api/v3/entries?date$gte=1680000000000"); got != entryID {
		t.Errorf("search: %q", got)
	}
	n.call("PATCH", "/api/v3/entries/"+olderID, `{"noise":2}`, http.StatusOK)
	if got := n.list("/api/v3/entries/history/1660000000000"); got != entryID+" "+olderID {
		t.Errorf("history: %q", got)
	}
	if got := n.call("POST", "/api/v3/treatments", `{"date":1680000000000,"app":"AAPS","eventType":"Meal Bolus","insulin":3}`, http.StatusOK); !strings.Contains(string(got), `"deduplicatedIdentifier":"`+treatmentID+`"`) {
		t.Errorf("deduplicated: %s", got)
	}
	n.call("DELETE", "/api/v3/devicestatus/"+statusID, "", http.StatusOK)
	n.call("GET", "/api/v3/devicestatus/"+statusID, "", http.StatusGone)
	n.call("DELETE", "/api/v3/devicestatus/"+statusID+"?permanent=true", "", http.StatusOK)
	n.call("GET", "/api/v3/devicestatus/"+statusID, "", http.StatusNotFound)
}
