package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// Frame is a message inside its WebSocket frame: the bytes as a server sends them. It is made once, shared by all
// connections, and never written to.
type Frame []byte

// Opcode is the first byte of a frame that is a whole message.
type Opcode byte

// The opcodes of RFC 6455 that are sent here, with the bit for "this is the whole message".
const (
	TextFrame  Opcode = 0x81
	CloseFrame Opcode = 0x88
	PingFrame  Opcode = 0x89
	PongFrame  Opcode = 0x8a
)

// Status codes of RFC 6455 for Close.
const (
	NoStatus        = 0 // a close frame without a code
	NormalClosure   = 1000
	GoingAway       = 1001
	ProtocolError   = 1002
	InvalidData     = 1007
	PolicyViolation = 1008
	TooBig          = 1009
	InternalError   = 1011
)

// maxControl is how many bytes the payload of a control frame may have.
const maxControl = 125

// Text returns the frame of a text message.
func Text(payload []byte) Frame { return NewFrame(TextFrame, "", payload) }

// NewFrame returns a frame whose payload is head and body, one after the other.
func NewFrame(opcode Opcode, head string, body []byte) Frame {
	size := len(head) + len(body)
	f := make(Frame, 0, size+10)
	switch {
	case size < 126:
		f = append(f, byte(opcode), byte(size))
	case size < 1<<16:
		f = append(f, byte(opcode), 126)
		f = binary.BigEndian.AppendUint16(f, uint16(size))
	default:
		f = append(f, byte(opcode), 127)
		f = binary.BigEndian.AppendUint64(f, uint64(size))
	}
	return append(append(f, head...), body...)
}

// Payload is what the frame holds.
func (f Frame) Payload() []byte {
	switch f[1] {
	case 126:
		return f[4:]
	case 127:
		return f[10:]
	default:
		return f[2:]
	}
}

// closing returns a close frame. A reason that is too long loses its end.
func closing(code int, reason string) Frame {
	if code == NoStatus {
		return NewFrame(CloseFrame, "", nil)
	}
	for len(reason) > maxControl-2 {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return NewFrame(CloseFrame, string([]byte{byte(code >> 8), byte(code)}), []byte(reason))
}
