package engineio

import (
	"bytes"
	"strings"
	"testing"
)

func TestPayload(t *testing.T) {
	batch := []Frame{packetFrame("2"), Message([]byte(`2["é😀"]`)), Message(bytes.Repeat([]byte("x"), 200)), Message(bytes.Repeat([]byte("y"), 70_000))}
	want := map[int]string{
		3: `1:2` + `9:42["é😀"]` + `201:4` + strings.Repeat("x", 200) + `70001:4` + strings.Repeat("y", 70_000),
		4: "2\x1e" + `42["é😀"]` + "\x1e4" + strings.Repeat("x", 200) + "\x1e4" + strings.Repeat("y", 70_000),
	}
	for protocol, want := range want {
		payload := encodePayload(protocol, batch)
		if string(payload) != want {
			t.Errorf("revision %d: %.60q", protocol, payload)
		}
		packets, err := decodePayload(protocol, payload)
		if err != nil || len(packets) != len(batch) {
			t.Fatalf("revision %d: %d packets, %v", protocol, len(packets), err)
		}
		for i, p := range packets {
			if !bytes.Equal(p, batch[i].Payload()) {
				t.Errorf("revision %d: packet %d is %.60q", protocol, i, p)
			}
		}
	}
}

func TestMalformedPayload(t *testing.T) {
	for _, body := range []string{":", "x:1", "-1:4", "2:4", "1", "99999999999999999999:4", "1:😀", "1:4x", "+1:4", " 1:4", "5:\xff"} {
		if packets, err := decodePayload(3, []byte(body)); err == nil {
			t.Errorf("%q gave %q", body, packets)
		}
	}
}

func FuzzDecodePayload(f *testing.F) {
	for _, seed := range []string{"1:2", "2:4x3:4😀", "0:", "1:\xff", "3:4\x1e2", "10:x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		packets, err := decodePayload(3, body)
		if err != nil {
			return
		}
		var batch []Frame
		for _, p := range packets {
			batch = append(batch, packetFrame(string(p)))
		}
		again, err := decodePayload(3, encodePayload(3, batch))
		if err != nil || len(again) != len(packets) {
			t.Fatalf("%q, taken apart and joined: %q, %v", packets, again, err)
		}
	})
}

func TestJSONP(t *testing.T) {
	if got := string(jsonpCallback(3).wrap([]byte("4\"</script>\u2028"))); got != `___eio[3]("4\"\u003c/script\u003e\u2028");` {
		t.Errorf("wrapped as %s", got)
	}
	got, err := unwrapJSONP([]byte(`d=4%3A42%22%5Cn%5C%5Cn`))
	if err != nil || string(got) != "4:42\"\n\\n" {
		t.Errorf("unwrapped as %q, %v", got, err)
	}
}
