package mongotest

import (
	"os"
	"os/exec"
	"testing"
)

// TestRecordedAnswers: the recorded answers of Nightscout, on a real server. (On FerretDB they run with the other tests of
// e2e, which is where its limits are listed.)
func TestRecordedAnswers(t *testing.T) {
	needsServer(t)
	if _, err := os.Stat("../../../e2e/node_modules"); err != nil {
		t.Skip("needs Node and the packages of e2e: npm --prefix e2e ci")
	}
	binary, err := nightwire()
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := freshDatabase(t)
	replay := exec.CommandContext(t.Context(), "node", "--test", "recorded-mongo.test.mjs")
	replay.Dir = "../../../e2e"
	replay.Env = append(os.Environ(), "RECORDED_URI="+uri, "NIGHTWIRE_BIN="+binary)
	if out, err := replay.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
