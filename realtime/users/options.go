package users

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
	"nightwire/storage"
)

// Guard is what the event socket needs of a *security.Guard.
type Guard interface {
	realtime.Authenticator
	realtime.Guard
	IsOpen() bool
	OpenIdentity() security.Identity
	Remaining(token string) time.Duration
}

// Options are the parts that a server needs and the operator's choices. Beyond Hub, Engine, Meta and Guard all may be left
// out.
type Options struct {
	Hub    *realtime.Hub
	Engine storage.Engine // for echoes to everybody
	Meta   *storage.Meta
	Guard  Guard
	Config Config       // with nobody approved, and no key, everybody is refused
	Log    *slog.Logger // nil: the default one

	Address func(*http.Request) string // a client's address, for slowing down guesses; nil: that of the TCP connection
	Wire    wire.Options               // a message beyond MaxMessage is dropped; Log is set from the one above

	// How many echoes per second, and at once, one socket may ask for; those beyond are dropped. 32 KiB of an echo count as one
	// more. 0: 20 and 40.
	EchoRate, EchoBurst int
}

// complete is the options with what was left out.
func (o Options) complete() Options {
	setDefault(&o.Log, slog.Default())
	setDefault(&o.EchoRate, 20)
	setDefault(&o.EchoBurst, 40)
	setDefault(&o.Config.UserEvents, All)
	if o.Address == nil {
		o.Address = peerAddress
	}
	setDefault(&o.Wire.MaxMessage, 1<<20)
	o.Wire.Log = o.Log
	return o
}

func setDefault[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
