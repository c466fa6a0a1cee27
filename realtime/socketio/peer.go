package socketio

import (
	"errors"
	"slices"
	"sync"
	"time"

	"nightwire/realtime/socketio/engineio"
)

// settleTimeout is how long the library may take for one packet.
const settleTimeout = 30 * time.Second

var errStuck = errors.New("packet handler does not end")

// peer stands between a connection and the library. It lets pass what the library can take, and one packet at a time: the
// library handles every packet in a goroutine of its own, so that packets would overtake one another, and a packet to a
// namespace that is still being joined would end the connection.
type peer struct {
	conn *engineio.Conn

	receiving sync.Mutex
	busy      bool          // the library is at a packet; belongs to whoever holds receiving
	settled   chan struct{} // has one element when the library has done with a packet

	mu         sync.Mutex
	namespaces map[string]struct{} // joined
}

func newPeer(conn *engineio.Conn) *peer {
	return &peer{
		conn:       conn,
		busy:       conn.Protocol() == 3, // the library joins the root namespace by itself
		settled:    make(chan struct{}, 1),
		namespaces: make(map[string]struct{}, 2),
	}
}

// Receive decides what becomes of a packet.
func (p *peer) Receive(text []byte) {
	p.receiving.Lock()
	defer p.receiving.Unlock()
	if !p.settle() {
		return
	}
	packet, ok := parse(text)
	if !ok {
		p.conn.Close(false)
		return
	}
	switch packet.kind {
	case typeConnect:
		p.connect(packet)
	case typeDisconnect:
		if p.in(packet.namespace) {
			p.pass(packet.bare())
		} else {
			p.conn.Close(false)
		}
	case typeEvent:
		p.event(packet, text)
	case typeAck:
		if !p.in(packet.namespace) {
			p.conn.Close(false)
		} // nothing is sent that could be acknowledged
	case typeBinary, typeBinaryAck:
		// Nobody listens to binary events.
	default:
		p.conn.Close(false)
	}
}

// connect lets a client into a namespace. The library answers for those that do not exist.
func (p *peer) connect(packet inbound) {
	switch {
	case !packet.object():
		p.conn.Close(false)
	case p.in(packet.namespace):
		// A client whose program says connect twice on an open connection asks twice. The first answer serves both; the
		// original's depends on how the packets share TCP segments.
	case packet.namespace == rootNamespace || heard[packet.namespace] != nil:
		p.pass(packet.bare())
	default:
		p.conn.Forward(packet.bare())
	}
}

// heard are the events that clients send, by namespace.
var heard = map[string][]string{
	storageNamespace: {subscribeEvent},
	alarmNamespace:   {subscribeEvent, ackEvent},
}

// event lets through what is heard; all other events are ignored, as by the original.
func (p *peer) event(packet inbound, text []byte) {
	name, ok := packet.event()
	switch {
	case !ok || !p.in(packet.namespace):
		p.conn.Close(false)
	case !slices.Contains(heard[packet.namespace], name):
	case len(text) > maxEvent:
		p.conn.Close(false)
	default:
		p.pass(text)
	}
}

// pass gives a packet to the library; the next one waits until done is called.
func (p *peer) pass(text []byte) {
	select {
	case <-p.settled: // of a socket that was shut out
	default:
	}
	p.busy = true
	p.conn.Forward(text)
}

// settle waits until the library has done with the packet before. It is false when the connection has ended.
func (p *peer) settle() bool {
	if !p.busy {
		return true
	}
	timeout := time.NewTimer(settleTimeout)
	defer timeout.Stop()
	select {
	case <-p.settled:
		p.busy = false
		return true
	case <-p.conn.Done():
	case <-timeout.C:
		p.conn.Cut(errStuck)
	}
	return false
}

// done says that the library has done with a packet.
func (p *peer) done() {
	select {
	case p.settled <- struct{}{}:
	default:
	}
}

func (p *peer) in(namespace string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.namespaces[namespace]
	return ok
}

// joined and left are called when the library has let the client into or out of a namespace.
func (p *peer) joined(namespace string) {
	p.mu.Lock()
	p.namespaces[namespace] = struct{}{}
	p.mu.Unlock()
}

func (p *peer) left(namespace string) {
	p.mu.Lock()
	delete(p.namespaces, namespace)
	p.mu.Unlock()
	p.done()
}
