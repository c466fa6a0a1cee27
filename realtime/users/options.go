package users

import (
	"context"
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

// Publisher is what the event socket needs of a storage.Engine.
type Publisher interface {
	Publish(ctx context.Context, m storage.Message) error
}

// Options are the parts that a server needs and the operator's choices. Beyond Hub, Engine and Guard all may be left out.
type Options struct {
	Hub    *realtime.Hub
	Engine Publisher
	Guard  Guard
	Config Config       // with nobody approved, and no key, everybody is refused
	Log    *slog.Logger // nil: the default one

	Address func(*http.Request) string // a client's address, for slowing down guesses; nil: that of the TCP connection
	Wire    wire.Options               // a message beyond MaxMessage is dropped; Log is set from the one above

	EchoRate  int // echoes per second of one socket; those beyond are dropped; 0: 20
	EchoBurst int // echoes at once; 0: 40
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
