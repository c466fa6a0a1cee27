package engineio

import "nightwire/realtime/wire"

// Frame is an Engine.IO text packet inside its WebSocket frame. Long polling sends only the packet.
type Frame = wire.Frame

// goodbye is a close frame with the status 1000.
var goodbye = wire.NewFrame(wire.CloseFrame, "\x03\xe8", nil)

// Message is the frame of a message packet with that text.
func Message(text []byte) Frame { return wire.NewFrame(wire.TextFrame, "4", text) }

// packetFrame is the frame of a packet without shared text.
func packetFrame(packet string) Frame { return wire.NewFrame(wire.TextFrame, packet, nil) }
