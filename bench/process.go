package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// secret is the API_SECRET of the measured servers.
const secret = "bench-bench-bench"

// process is a running server.
type process struct {
	cmd     *exec.Cmd
	address string
	started time.Time
}

// launch starts nightwire on a data directory and waits until it answers; the wait is returned.
func launch(binary, dir string, env ...string) (*process, time.Duration, error) {
	port, err := freePort()
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "PORT="+port, "HOSTNAME=127.0.0.1", "DATA_DIR="+dir, "API_SECRET="+secret, "LOG_LEVEL=warn")
	cmd.Env = append(cmd.Env, env...)
	return run(cmd, "127.0.0.1:"+port, "/api/v3/version")
}

// run starts a server and waits until the path is answered.
func run(cmd *exec.Cmd, address, path string) (*process, time.Duration, error) {
	cmd.Stderr = os.Stderr
	p := &process{cmd: cmd, address: address, started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(p.started) < time.Minute {
		if resp, err := http.Get("http://" + address + path); err == nil {
			resp.Body.Close()
			return p, time.Since(p.started), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.stop()
	return nil, 0, errors.New("server did not answer within a minute")
}

// stop ends the server gracefully.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu is the processor time that the server has used.
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss is the resident memory of the server in bytes.
func (p *process) rss() int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

func freePort() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
