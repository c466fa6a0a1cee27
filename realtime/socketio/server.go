package socketio

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
	"nightwire/storage"
)

// The namespaces. Clients of revision 3 join the first one before any other.
const (
	rootNamespace    = "/"
	storageNamespace = "/storage"
	alarmNamespace   = "/alarm"
)

// Guard is what sockets need of a *security.Guard beyond what the hub asks of it.
type Guard interface {
	ByAccessToken(ctx context.Context, candidates ...string) (security.Identity, error)
	BySecret(hash string) (security.Identity, error)
	ByJWT(ctx context.Context, token string) (security.Identity, error)
	Check(ctx context.Context, id security.Identity, p security.Permission) error
	Version() uint64
}

// Alarms is what sockets need of *storage.Alarms.
type Alarms interface {
	Ack(ctx context.Context, r storage.Request, level storage.Level, group string, silence time.Duration) error
}

// Options of a server. All but Alarms may be left out.
type Options struct {
	Engine engineio.Options
	Alarms Alarms // takes the acknowledgements
	// PromptOnLoad refuses subscriptions to alarms without any credentials (AUTHENTICATION_PROMPT_ON_LOAD).
	PromptOnLoad bool
	// ConnectTimeout is how long a connection may do without a namespace; 45 s.
	ConnectTimeout time.Duration
	Log            *slog.Logger // nil: the default one
}

// Server is the Socket.IO face.
type Server struct {
	hub          *realtime.Hub
	guard        Guard
	alarms       Alarms
	promptOnLoad bool
	log          *slog.Logger
	engine       *engineio.Server
	changes      *realtime.Form // as /storage tells them
	notices      *realtime.Form // as /alarm tells them
	storage      socket.Namespace
	alarm        socket.Namespace
	attempts     *attempts
}

// New returns a server whose sockets listen to the hub.
func New(hub *realtime.Hub, guard Guard, o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 45 * time.Second
	}
	s := &Server{
		hub:          hub,
		guard:        guard,
		alarms:       o.Alarms,
		promptOnLoad: o.PromptOnLoad,
		log:          o.Log,
		changes:      realtime.NewForm(encodeChange),
		notices:      realtime.NewForm(encodeNotice),
		attempts:     newAttempts(time.Now),
	}
	s.engine = engineio.New(o.Engine, o.Log, func(c *engineio.Conn) engineio.Peer { return newPeer(c) })
	s.bind(o.ConnectTimeout)
	return s
}

// bind puts the Socket.IO library on the engine.
func (s *Server) bind(connectTimeout time.Duration) {
	options := socket.DefaultServerOptions()
	options.SetConnectTimeout(connectTimeout)
	options.SetAdapter(roomsBuilder{})
	library := socket.NewServer(nil, options)
	library.Bind(s.engine)
	_ = library.Of(rootNamespace, nil).On("connection", s.safely(func(args ...any) {
		s.enter(args[0].(*socket.Socket), func() {})
	}))
	s.storage = library.Of(storageNamespace, nil)
	_ = s.storage.On("connection", s.safely(func(args ...any) {
		s.enterStorage(args[0].(*socket.Socket))
	}))
	s.alarm = library.Of(alarmNamespace, nil)
	_ = s.alarm.On("connection", s.safely(func(args ...any) {
		s.enterAlarm(args[0].(*socket.Socket))
	}))
}

// Sockets is how many sockets have joined /storage.
func (s *Server) Sockets() int { return s.storage.Sockets().Len() }

// Handler serves the clients' requests, wherever it is mounted.
func (s *Server) Handler() http.Handler { return s.engine }

// Close cuts all connections by closing TCP, so that clients come back, and admits no more. It waits for the readers of the
// connections until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.engine.Shutdown()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter notes that a socket has joined its namespace, and sees to it that leave is called when it has left. Leave may be
// called more than once.
func (s *Server) enter(sock *socket.Socket, leave func()) {
	conn, namespace := sock.Conn().(*engineio.Conn), sock.Nsp()
	p := conn.Peer().(*peer)
	left := func(...any) {
		leave()
		// The library has taken the socket out of its rooms, but it may have been joining one at that moment.
		namespace.Adapter().DelAll(sock.Id())
		p.left(namespace.Name())
	}
	_ = sock.On("disconnect", s.safely(left))
	p.joined(namespace.Name())
	if conn.ReadyState() != "open" || !sock.Connected() {
		// The connection ended while the library was at it. It may not have noticed, or have told so before anybody listened.
		sock.Disconnect(false)
		left()
	}
	p.done()
}
