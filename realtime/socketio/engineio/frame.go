package engineio

import "encoding/binary"

// Frame is an Engine.IO text packet inside its WebSocket frame: the bytes as they go to a server's TCP connection. Long
// polling sends only the packet. A frame is made once, shared by all connections, and never written to.
type Frame []byte

// The opcodes of RFC 6455 that are sent here, with the bit for "this is the whole message".
const (
	textFrame  = 0x81
	closeFrame = 0x88
	pongFrame  = 0x8a
)

// normalClosure is the content of a close frame: the status 1000.
const normalClosure = "\x03\xe8"

// Message is the frame of a message packet with that text.
func Message(text []byte) Frame { return newFrame(textFrame, "4", text) }

// packetFrame is the frame of a packet without shared text.
func packetFrame(packet string) Frame { return newFrame(textFrame, packet, nil) }

func newFrame(opcode byte, head string, body []byte) Frame {
	size := len(head) + len(body)
	f := make(Frame, 0, size+10)
	switch {
	case size < 126:
		f = append(f, opcode, byte(size))
	case size < 1<<16:
		f = append(f, opcode, 126)
		f = binary.BigEndian.AppendUint16(f, uint16(size))
	default:
		f = append(f, opcode, 127)
		f = binary.BigEndian.AppendUint64(f, uint64(size))
	}
	return append(append(f, head...), body...)
}

// packet is the Engine.IO packet inside the frame.
func (f Frame) packet() []byte {
	switch f[1] {
	case 126:
		return f[4:]
	case 127:
		return f[10:]
	default:
		return f[2:]
	}
}
