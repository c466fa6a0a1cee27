package directus

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

// Dialect is a way to speak at /websocket. Connections without a choice of their own speak the server's.
type Dialect string

// The dialects: those of the two published documents, of the later extension, and of Directus itself.
const (
	Legacy Dialect = "legacy"
	V3     Dialect = "v3"
	Core   Dialect = "core"
)

// Auth is how an upgrade is authenticated, as core's WEBSOCKETS_REST_AUTH says. Unset, a token is demanded unless
// Options.Public.
type Auth string

// The modes: whoever comes is the public role; the first message must authenticate; the URL must.
const (
	Unset     Auth = ""
	Public    Auth = "public"
	Handshake Auth = "handshake"
	Strict    Auth = "strict"
)

// Guard is what /websocket needs of a *security.Guard.
type Guard interface {
	Authenticate(ctx context.Context, addr string, c security.Credentials) (security.Identity, error)
	ByAccessToken(ctx context.Context, candidates ...string) (security.Identity, error)
	ByJWT(ctx context.Context, token string) (security.Identity, error)
	Check(ctx context.Context, id security.Identity, p security.Permission) error
	Exists(ctx context.Context, id security.Identity) (bool, error)
	List(ctx context.Context, who security.Identity, kind security.AccountKind) ([]byte, error)
	Remaining(token string) time.Duration
	Version() uint64
}

// Options are the parts that a server needs and the operator's choices. Beyond Hub, Documents and Guard all may be left out.
type Options struct {
	Hub       *realtime.Hub
	Documents *storage.Documents
	Guard     Guard
	Log       *slog.Logger // nil: the default one

	Path    string                     // where clients connect; "": /websocket
	Address func(*http.Request) string // a client's address, for slowing down guesses; nil: that of the TCP connection
	Wire    wire.Options               // MaxMessage is WEBSOCKET_MAX_MESSAGE; Log is set from the one above

	Public  bool    // WEBSOCKET_PUBLIC: who shows no token is the public role
	Dialect Dialect // WEBSOCKET_DIALECT; "": Legacy
	System  bool    // WEBSOCKET_SYSTEM: subjects are served as directus_users
	Off     Verbs   // handlers that WEBSOCKET_CORE* switched off

	NoCore      bool          // WEBSOCKETS_ENABLED or WEBSOCKETS_REST_ENABLED false: the core dialect is not spoken
	Auth        Auth          // WEBSOCKETS_REST_AUTH
	AuthTimeout time.Duration // WEBSOCKETS_REST_AUTH_TIMEOUT; 0: 10 s
	Heartbeat   time.Duration // WEBSOCKETS_HEARTBEAT_PERIOD; 0: 30 s; negative: none

	ConnLimit        int // WEBSOCKETS_REST_CONN_LIMIT: sockets at once; 0: no limit
	MaxSubscriptions int // WEBSOCKET_MAX_SUBSCRIPTIONS: of one socket; 0: 128
	MaxFilterDepth   int // WEBSOCKET_MAX_FILTER_DEPTH; 0: 10
	MaxList          int // WEBSOCKET_MAX_LIST: elements of a list in a query, and items of a write; 0: 1000
	Rate             int // WEBSOCKET_RATE: messages per second of one socket, and at once; 0: 1000; negative: no limit
}

// Verbs names handlers of the extension.
type Verbs struct{ Get, Post, Patch, Delete, Subscribe bool }

// complete is the options with what was left out.
func (o Options) complete() Options {
	setDefault(&o.Log, slog.Default())
	setDefault(&o.Path, "/websocket")
	setDefault(&o.Dialect, Legacy)
	setDefault(&o.AuthTimeout, 10*time.Second)
	setDefault(&o.Heartbeat, 30*time.Second)
	setDefault(&o.MaxSubscriptions, 128)
	setDefault(&o.MaxFilterDepth, 10)
	setDefault(&o.MaxList, 1000)
	setDefault(&o.Rate, 1000)
	if o.Address == nil {
		o.Address = peerAddress
	}
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
