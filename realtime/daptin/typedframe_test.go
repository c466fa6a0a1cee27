package daptin

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"nightwire/realtime/wire"
)

// recorded are the messages that the recordings' typed server sent, each as it was on the wire.
func recorded(t *testing.T) (frames []string) {
	t.Helper()
	text, err := os.ReadFile("../../e2e/golden/daptin.json")
	if err != nil {
		t.Fatal(err)
	}
	var eras map[string]json.RawMessage
	if err := json.Unmarshal(text, &eras); err != nil {
		t.Fatal(err)
	}
	for name, era := range eras {
		var recording struct {
			Scenarios []struct {
				Log []struct{ Dir, Raw string }
			}
		}
		if !strings.HasPrefix(name, "typed_") {
			continue
		}
		if err := json.Unmarshal(era, &recording); err != nil {
			t.Fatal(err)
		}
		for _, scenario := range recording.Scenarios {
			for _, line := range scenario.Log {
				if line.Dir == "recv" && strings.HasPrefix(line.Raw, `{"type"`) {
					frames = append(frames, line.Raw)
				}
			}
		}
	}
	return frames
}

// Whatever the recorded server sent is what is made here of its parts, to the byte.
func TestTypedFramesAreTheRecordedOnes(t *testing.T) {
	kinds := map[string]int{}
	for _, raw := range recorded(t) {
		var told struct {
			typedFrame
			Topic, Event, Source string
		}
		if err := json.Unmarshal([]byte(raw), &told); err != nil {
			t.Fatal(err)
		}
		var parts data
		if told.Data != nil {
			if err := json.Unmarshal(told.Data, &parts); err != nil {
				t.Fatal(err)
			}
			told.Data = encoded(parts)
		}
		frame := told.frame()
		if told.Type == "event" {
			l := look{topic: told.Topic, event: told.Event, source: told.Source, data: func(Dialect) []byte { return told.Data }}
			frame = wire.Frame(l.encode(Typed))
		}
		got := string(frame.Payload())
		if kinds[told.Type]++; got != raw {
			t.Errorf("\ngot  %s\nwant %s", got, raw)
		}
	}
	for _, kind := range []string{"session", "response", "event", "pong"} {
		if kinds[kind] < 5 {
			t.Errorf("%d of %s were recorded", kinds[kind], kind)
		}
	}
}
