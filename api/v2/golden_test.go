package v2_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightwire/security"
)

// step is one recorded request with the original's answer. <ID1>, <TOKEN:...>, <JWT>, <NOW_S> and the like stand for what
// differs from run to run.
type step struct {
	Name    string
	Info    bool // compared by status only
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status int
		Body   any
	}
}

// digestOfTheRecording is part of the paths of steps that name a digest of the recorded run. Tokens of that form are
// tested in package security.
const digestOfTheRecording = "3e82995c375b93"

// replay knows what the placeholders stand for in this run.
type replay struct {
	*server
	ids    map[string]string // <ID1> -> _id
	tokens map[string]string // name without "golden " -> access token
	jwts   map[string]string // the same names -> JWT
}

// TestRecordedAnswers replays the authorization steps that were recorded at the original server.
func TestRecordedAnswers(t *testing.T) {
	text, err := os.ReadFile("../../e2e/golden/nightscout/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var recording struct{ Steps []step }
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	p := &replay{serve(t, 50*time.Millisecond), map[string]string{}, map[string]string{}, map[string]string{}}
	replayed := 0
	for _, s := range recording.Steps {
		path := strings.ToLower(s.Request.Path)
		if !strings.HasPrefix(s.Name, "auth: ") || strings.Contains(path, digestOfTheRecording) || strings.HasPrefix(path, root+"/request/7c582e250bc60b") {
			continue
		}
		t.Run(s.Name[len("auth: "):], func(t *testing.T) { p.perform(t, s) })
		replayed++
	}
	if replayed < 100 {
		t.Errorf("only %d steps were replayed", replayed)
	}
}

func (p *replay) perform(t *testing.T, s step) {
	var headers []string
	for name, value := range s.Request.Headers {
		headers = append(headers, name, p.fill(s, value))
	}
	body := string(s.Request.Body)
	if text := ""; json.Unmarshal(s.Request.Body, &text) == nil {
		body = text // recorded as text, because it is no JSON
	}
	got := p.call(s.Request.Method, p.fill(s, s.Request.Path), p.fill(s, body), headers...)
	want := s.Response.Status
	if want == 500 { // docs/design.md §9: what a client sends is never a 500
		want = 400
		s.Response.Body.(map[string]any)["status"] = 400.0
	}
	if got.status != want {
		t.Fatalf("status %d instead of %d: %s", got.status, want, got.body)
	}
	var answer any
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	p.learn(s, answer)
	if !s.Info && !p.equal(s.Response.Body, answer) {
		t.Errorf("answer %s\nrecorded %v", got.body, s.Response.Body)
	}
}

var placeholder = regexp.MustCompile(`<[A-Z][^<>]*>|\b7c582e250bc60b[0-9a-f]*`)

// fill puts this run's values for the placeholders of a request.
func (p *replay) fill(s step, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(mark string) string {
		switch {
		case mark == "<API_SECRET>":
			return testSecret
		case mark == "<SHA1(API_SECRET)>":
			return sha1Hex(testSecret)
		case mark == "<SHA1(API_SECRET) UPPER>":
			return strings.ToUpper(sha1Hex(testSecret))
		case mark == "<SHA512(API_SECRET)>":
			return sha512Hex(testSecret)
		case mark == "<JWT>":
			return p.jwts["read"]
		case strings.HasPrefix(mark, "<JWT:"):
			return p.jwts[mark[len("<JWT:"):len(mark)-1]]
		case strings.HasPrefix(mark, "<TOKEN:"):
			return p.tokens[tokenOwner(s)]
		case strings.HasPrefix(mark, "7c"):
			return sha1Hex(p.tokens["read"])
		}
		return p.id(s, mark)
	})
}

// id is what an <ID1> stands for: what the server answered before or, where the request invents it, anything that is as
// good or as bad as the recorded one.
func (p *replay) id(s step, mark string) string {
	if p.ids[mark] == "" {
		p.ids[mark] = "aaaaaaaaaaaaaaaaaaaaaaaa"
		if answer, ok := s.Response.Body.(map[string]any); ok {
			if text, ok := answer["description"].(string); ok {
				p.ids[mark] = strings.TrimPrefix(text, "Invalid _id format: ")
			}
		}
	}
	return p.ids[mark]
}

// tokenOwner is the subject whose token a step uses; the placeholder has only the first ten letters.
func tokenOwner(s step) string {
	switch {
	case s.Name == "auth: request jwt odd name":
		return "Golden-Ünï_Çödé & long NAME"
	case strings.HasPrefix(s.Name, "auth: request jwt "):
		return s.Name[len("auth: request jwt "):]
	case strings.HasSuffix(s.Name, "of admin subject"):
		return "superadmin"
	}
	return "read"
}

// learn keeps what later steps refer to.
func (p *replay) learn(s step, answer any) {
	if list, ok := answer.([]any); ok {
		for _, item := range list {
			m, _ := item.(map[string]any)
			if token, ok := m["accessToken"].(string); ok {
				p.tokens[strings.TrimPrefix(m["name"].(string), "golden ")] = token
			}
		}
	}
	recorded, _ := s.Response.Body.(map[string]any)
	actual, _ := answer.(map[string]any)
	if mark, ok := recorded["_id"].(string); ok {
		p.ids[mark], _ = actual["_id"].(string)
	}
	if name, ok := strings.CutPrefix(s.Name, "auth: request jwt "); ok {
		p.jwts[name], _ = actual["token"].(string)
	}
}

var forms = map[string]*regexp.Regexp{
	"<NOW_ISO>": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`),
	"<JWT>":     regexp.MustCompile(`^eyJ[\w-]+\.[\w-]+\.[\w-]+$`),
}

// equal compares a recorded value with an actual one.
func (p *replay) equal(recorded, actual any) bool {
	switch recorded := recorded.(type) {
	case map[string]any:
		actual, ok := actual.(map[string]any)
		for name := range recorded {
			ok = ok && p.equal(recorded[name], actual[name])
		}
		return ok && len(recorded) == len(actual)
	case string:
		text, _ := actual.(string)
		now := float64(time.Now().Unix())
		seconds, _ := actual.(float64)
		switch {
		case forms[recorded] != nil:
			return forms[recorded].MatchString(text)
		case recorded == "<NOW_S>":
			return now-seconds < 60
		case recorded == "<NOW_S+28800>":
			return now+28800-seconds < 60
		case strings.HasPrefix(recorded, "<ID"):
			return text != "" && text == p.ids[recorded]
		}
	}
	return reflect.DeepEqual(recorded, actual)
}

// The order of names is not seen by the replay above, but it is part of the answers' shape.
func TestOrderOfNames(t *testing.T) {
	s := serve(t, 0)
	body := `{"roles":["readable"],"notes":"n","name":"x","created_at":"c"}`
	got := s.call("POST", root+"/subjects", body, asJSON...)
	if !strings.HasPrefix(got.body, body[:len(body)-1]+`,"_id":"`) {
		t.Errorf("created as %s", got.body)
	}
	for id, kept := range s.accounts.kept[security.Subjects] {
		if string(kept) != body {
			t.Errorf("%s is kept as %s", id, kept)
		}
	}
}
