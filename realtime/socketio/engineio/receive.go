package engineio

import "nightwire/realtime/wire"

// The types of a packet: the first byte of its text.
const (
	packetClose   = '1'
	packetPing    = '2'
	packetPong    = '3'
	packetMessage = '4'
	packetUpgrade = '5'
	packetNoop    = '6'
	packetBinary  = 'b' // base64, in payloads
)

// receive handles one text packet of the client.
func (c *Conn) receive(packet []byte) {
	if len(packet) == 0 {
		c.end(reasonParseError)
		return
	}
	switch packet[0] {
	case packetMessage:
		if c.ReadyState() == "open" {
			c.peer.Receive(packet[1:])
		}
	case packetPing, packetPong:
		c.heartbeat(packet)
	case packetClose:
		c.end(reasonTransportClose)
	case packetNoop, packetBinary:
		// Binary messages mean nothing to anyone here.
	default:
		c.end(reasonParseError)
	}
}

// heartbeat handles ping and pong, each of which only one revision's client may send.
func (c *Conn) heartbeat(packet []byte) {
	isPing := packet[0] == packetPing
	if isPing != (c.protocol == 3) {
		c.end(reasonTransportError)
		return
	}
	c.alive()
	if isPing {
		c.Enqueue(wire.NewFrame(wire.TextFrame, "3", packet[1:]))
	}
}
