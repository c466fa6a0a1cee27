package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the server, built once for all tests of the process.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nightwire-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "nightwire")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a temporary directory
	}
	os.Exit(code)
}

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout output
	stderr output
	url    string
	exited chan int
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// command is the server with this environment and nothing of ours.
func command(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	return cmd
}

// launch starts the server and waits until it answers.
func launch(t *testing.T, env ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a listener's address always splits
	l.Close()
	p := &process{t: t, cmd: command(t, append([]string{"PORT=" + port}, env...)...), url: "http://127.0.0.1:" + port, exited: make(chan int, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is what counts
		p.exited <- p.cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // fails when it has ended
	for end := time.Now().Add(20 * time.Second); ; {
		if resp, err := http.Get(p.url + "/api/v3/version"); err == nil {
			resp.Body.Close()
			return p
		}
		if time.Now().After(end) {
			t.Fatal("the server does not answer")
		}
		time.Sleep(5 * time.Millisecond) // nothing but its port tells that another process is ready
	}
}

// end sends a signal and returns the exit code.
func (p *process) end(signal os.Signal) int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	return p.code()
}

func (p *process) code() int {
	p.t.Helper()
	select {
	case code := <-p.exited:
		return code
	case <-time.After(20 * time.Second):
		p.t.Fatal("the server does not end")
		return -1
	}
}

func TestFirstStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := launch(t, "DATA_DIR="+dir)
	secret, err := os.ReadFile(filepath.Join(dir, "api-secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"api-secret", "jwt-key"} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	curl := regexp.MustCompile(`(?m)^  (curl .*)$`).FindStringSubmatch(p.stdout.String())
	if curl == nil {
		t.Fatal(p.stdout.String())
	}
	if _, err := exec.LookPath("curl"); err == nil {
		out, err := exec.Command("sh", "-c", curl[1]).Output()
		if err != nil || !strings.HasPrefix(string(out), `{"status":201,`) {
			t.Errorf("%s: %s, %v", curl[1], out, err)
		}
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, shown := range []string{strings.TrimSpace(string(secret)), p.url + "/\n", "Admin access token"} {
		if !strings.Contains(p.stdout.String(), shown) {
			t.Errorf("not shown: %s", shown)
		}
	}
	token := regexp.MustCompile(`admin-[0-9a-f]{16}`).FindString(p.stdout.String())
	if log := p.stderr.String(); strings.Contains(log, strings.TrimSpace(string(secret))) || strings.Contains(log, token) || strings.Contains(log, "eyJ") {
		t.Error("the log shows a secret:", log)
	}
	again := launch(t, "DATA_DIR="+dir)
	if again.end(syscall.SIGTERM); again.stdout.String() != "" {
		t.Error("the second start prints:", again.stdout.String())
	}
}

func TestRefusesToStart(t *testing.T) {
	dir := t.TempDir()
	running := launch(t, "DATA_DIR="+dir, "API_SECRET=a long secret")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"short secret":        {[]string{"API_SECRET=too short"}, "API_SECRET: must have at least 12 characters"},
		"MongoDB URI":         {[]string{"MONGODB_URI=mongodb://u:hunter2@%zz/x", "API_SECRET=a long secret"}, "MONGODB_URI: the connection string"},
		"MongoDB, no secret":  {[]string{"MONGODB_URI=mongodb://127.0.0.1/x"}, "API_SECRET: must be set"},
		"MongoDB not there":   {[]string{"MONGODB_URI=mongodb://u:hunter2@127.0.0.1:1/x", "API_SECRET=a long secret"}, "127.0.0.1:1 cannot be used; check"},
		"directory in use":    {[]string{"DATA_DIR=" + dir}, "in use"},
		"directory is a file": {[]string{"DATA_DIR=" + file}, file},
		"port in use":         {[]string{"DATA_DIR=" + t.TempDir(), "LISTEN=" + strings.TrimPrefix(running.url, "http://")}, "cannot listen"},
	} {
		began := time.Now()
		cmd := command(t, c.env...)
		out, _ := cmd.CombinedOutput() // the exit code is what counts
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), c.says) || strings.Contains(string(out), "hunter2") {
			t.Errorf("%s: exit code %d, %s", name, code, out)
		}
		if took := time.Since(began); took > 8*time.Second { // 5, and 3 for a busy machine
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func TestArguments(t *testing.T) {
	for arg, want := range map[string]int{"--help": 0, "--version": 0, "--nonsense": 2} {
		cmd := command(t)
		cmd.Args = append(cmd.Args, arg)
		_ = cmd.Run() // the exit code is what counts
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Errorf("%s: exit code %d", arg, code)
		}
	}
}

// A graceful stop waits for a request under way; a second signal does not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := launch(t, "DATA_DIR="+t.TempDir(), "API3_SECURITY_ENABLE=false")
	body, unfinished := io.Pipe()
	defer unfinished.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", p.url+"/api/v3/entries", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	if _, err := unfinished.Write([]byte(`{"date":`)); err != nil { // returns when the request is on its way
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for { // it stops listening first
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case code := <-p.exited:
		t.Fatalf("ended with %d although a request was under way", code)
	default:
	}
	if code := p.end(syscall.SIGTERM); code != 1 {
		t.Errorf("exit code %d", code)
	}
}
