package directus

import (
	"sync"
	"time"

	"nightwire/realtime"
	"nightwire/storage"
)

// coreLife is what a connection does by itself in the core dialect: it awaits authentication, beats, and notes when what
// authenticated it is no longer good. What comes up while a message is being worked on waits until that is done, so that
// nobody becomes somebody else in the middle of a request. Where the lock of the connection is needed too, this one is
// taken first.
type coreLife struct {
	conn *conn

	mu      sync.Mutex
	state   authState
	waiting *time.Timer         // for authentication, in the states handshake and renewal
	expiry  *time.Timer         // of the JWT
	spoken  bool                // the core dialect, by now
	beat    *heartbeat          // nil: there is none, or not yet
	working bool                // on a message
	due     []func()            // what came up meanwhile
	lapsed  realtime.Credential // in renewal: by which the subscriptions that are on hold hear
}

// authState is what a connection knows about its client.
type authState uint8

const (
	settled   authState = iota // who it is, or that it is the public role
	handshake                  // nothing: its first message has to authenticate
	renewal                    // who it was: an auth message is awaited, and events are held back
	shut                       // it is being closed
)

func newCoreLife(c *conn, a admission) *coreLife {
	l := &coreLife{conn: c}
	if a.handshake {
		l.state = handshake
	}
	return l
}

// opened is called when the connection is up and nothing was read yet.
func (l *coreLife) opened() {
	dialect := l.conn.spoken()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.state == handshake:
		l.await(l.late)
	case dialect == Core:
		l.speak()
	}
}

// closed is called when the connection has ended.
func (l *coreLife) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut()
}

// begin is called when a message has come, in any dialect.
func (l *coreLife) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.working = true
	l.beat.begin()
}

// end is called when it has been worked on.
func (l *coreLife) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.working = false
	l.beat.end()
	due := l.due
	l.due = nil
	for _, f := range due {
		f()
	}
}

// between calls f, with the lock, as soon as no message is being worked on.
func (l *coreLife) between(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.working {
		l.due = append(l.due, f) // one for each timer, and one for each new judgement
		return
	}
	f()
}

// hears begins a message in the core dialect, and tells in what state it finds the connection.
func (l *coreLife) hears() authState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == settled {
		l.speak()
	}
	return l.state
}

// speak starts, once, what belongs to the core dialect. It needs the lock.
func (l *coreLife) speak() {
	if l.spoken {
		return
	}
	l.spoken = true
	if period := l.conn.server.options.Heartbeat; period > 0 {
		l.beat = startHeartbeat(period, func() { l.conn.send(corePing) }, func() { l.between(l.hangUp) })
		if l.working {
			l.beat.begin()
		}
	}
	l.watch()
}

// watch notes when the JWT that the connection shows expires. It needs the lock.
func (l *coreLife) watch() {
	stop(&l.expiry)
	shown := l.conn.credential()
	if realtime.IsJWT(shown.Token) {
		left := l.conn.server.options.Guard.Remaining(shown.Token)
		l.expiry = time.AfterFunc(left, func() { l.between(func() { l.lapse(shown) }) })
	}
}

// revoked is called when a credential no longer shows the same identity. It does not block.
func (l *coreLife) revoked(shown realtime.Credential) { l.between(func() { l.lapse(shown) }) }

// lapse is the end of a credential: whoever showed it is the public role until the next auth message, and hears what happens
// meanwhile afterwards. It needs the lock.
func (l *coreLife) lapse(shown realtime.Credential) {
	if l.state != settled || l.conn.credential() != shown {
		return
	}
	l.state, l.lapsed = renewal, shown
	for _, s := range l.conn.listening() {
		s.session.Hold()
	}
	l.conn.show(realtime.Credential{})
	l.conn.send(coreFailure("auth", errTokenExpired, ""))
	l.await(l.unrenewed)
}

// await calls f when no auth message comes in time. It needs the lock.
func (l *coreLife) await(f func()) {
	l.waiting = time.AfterFunc(l.conn.server.options.AuthTimeout, func() { l.between(f) })
}

// late is the end of a handshake that nobody began. It needs the lock.
func (l *coreLife) late() {
	if l.state == handshake && l.waiting != nil {
		l.conn.send(handshakeError)
		l.hangUp()
	}
}

// unrenewed is the end of a renewal that nobody began. It needs the lock.
func (l *coreLife) unrenewed() {
	if l.state != renewal || l.waiting == nil {
		return
	}
	l.conn.send(coreFailure("auth", errAuthTimeout, ""))
	if !l.conn.server.admitsAll() {
		l.hangUp()
		return
	}
	l.settle(realtime.Credential{})
}

// judging is called when an auth message has come: nobody is late any more.
func (l *coreLife) judging() {
	l.mu.Lock()
	defer l.mu.Unlock()
	stop(&l.waiting)
}

// refuse answers an auth message in vain. Where the public role may connect the client becomes it.
func (l *coreLife) refuse(uid storage.Value, f *fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == handshake && f == errAuthFailed {
		l.conn.send(handshakeError)
	} else {
		l.conn.send(coreFailure("auth", f, uid))
	}
	if l.state == handshake || !l.conn.server.admitsAll() {
		l.hangUp()
		return
	}
	l.settle(realtime.Credential{})
}

// accept answers an auth message whose credential is good.
func (l *coreLife) accept(uid storage.Value, shown realtime.Credential) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == shut {
		return
	}
	l.conn.send(coreAuthenticated(uid))
	l.settle(shown)
	l.speak()
	l.watch()
}

// settle makes the connection somebody, and lets those subscriptions go on that he may hear. It needs the lock.
func (l *coreLife) settle(shown realtime.Credential) {
	l.conn.become(shown)
	if l.state == renewal {
		l.conn.resume(l.lapsed.Who)
	}
	l.state, l.lapsed = settled, realtime.Credential{}
}

// hangUp closes the connection as the original does, without a code. It needs the lock.
func (l *coreLife) hangUp() {
	l.shut()
	l.conn.wire.Close(0, "")
}

// shut ends what goes on in the background. It needs the lock.
func (l *coreLife) shut() {
	l.state = shut
	stop(&l.waiting)
	stop(&l.expiry)
	l.beat.stop()
}

func stop(t **time.Timer) {
	if *t != nil {
		(*t).Stop()
		*t = nil
	}
}
