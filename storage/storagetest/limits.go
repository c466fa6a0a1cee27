package storagetest

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// Limits are what cannot be asked of an engine, or of the server below it. The zero value asks everything.
type Limits struct {
	// Except are tests, by name, that fail for a known reason. One that would pass is reported, so that no exception
	// outlives its reason.
	Except map[string]string
	// NoNestedArrays leaves out values that are arrays directly inside arrays.
	NoNestedArrays bool
	// Slow cuts volumes to a fiftieth.
	Slow bool
}

// exceptedVariable names the one excepted test that a process runs all the same.
const exceptedVariable = "STORAGETEST_EXCEPTED"

// runs tells whether the test is to be run here. An excepted one is run by a process of its own, where it may fail.
func (l Limits) runs(t *testing.T, name string) bool {
	t.Helper()
	reason, excepted := l.Except[name]
	if !excepted || os.Getenv(exceptedVariable) == t.Name() {
		return true
	}
	t.Logf("excepted: %s", reason)
	pattern := regexp.MustCompile(`[^/]+`).ReplaceAllStringFunc(t.Name(), func(part string) string { return "^" + regexp.QuoteMeta(part) + "$" })
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.timeout="+(2*patience).String())
	again.Env = append(os.Environ(), exceptedVariable+"="+t.Name())
	begun := time.Now()
	if out, err := again.CombinedOutput(); err == nil {
		t.Errorf("is excepted (%s), but passes:\n%s", reason, out)
	}
	t.Logf("it does fail, within %s", time.Since(begun).Round(time.Millisecond))
	return false
}

// scaled is a number of documents or writes, a fiftieth of it for slow engines and under the race detector, where engines
// in translated C are about ninety times slower.
func (l Limits) scaled(n int) int {
	if Race || l.Slow {
		return max(n/50, 2)
	}
	return n
}
