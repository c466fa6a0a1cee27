package daptin

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

// Guard is what /live needs of a *security.Guard.
type Guard interface {
	realtime.Authenticator
	Version() uint64
	RolesOf(ctx context.Context, who security.Identity) ([]string, error)
	Remaining(token string) time.Duration
}

// Options are the parts that a server needs and the operator's choices. Beyond Hub, Documents, Topics and Guard all may be
// left out.
type Options struct {
	Hub       *realtime.Hub
	Documents *storage.Documents
	Topics    *storage.Topics
	Guard     Guard
	Log       *slog.Logger // nil: the default one

	Address func(*http.Request) string // a client's address, for slowing down guesses; nil: that of the TCP connection
	Wire    wire.Options               // MaxMessage is LIVE_MAX_MESSAGE; Log is set from the one above

	Protocol         Dialect  // LIVE_PROTOCOL: how connections begin that do not say what they want; "": Doc
	Origins          []string // LIVE_ORIGINS: whose pages may connect by cookie besides our own, as scheme://host; "*": all
	Secrets          []string // LIVE_SECRET_FIELDS: names of fields that no row shows; nil: DefaultSecrets
	MaxSubscriptions int      // LIVE_MAX_SUBSCRIPTIONS: of one socket; 0: 256
	Rate             int      // LIVE_RATE: messages per second, and at once, of one socket; 0: 1000; negative: no limit
}

// complete is the options with what was left out.
func (o Options) complete() Options {
	setDefault(&o.Log, slog.Default())
	setDefault(&o.Protocol, Doc)
	setDefault(&o.MaxSubscriptions, 256)
	setDefault(&o.Rate, 1000)
	if o.Secrets == nil {
		o.Secrets = DefaultSecrets()
	}
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
