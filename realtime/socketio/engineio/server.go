package engineio

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/zishang520/engine.io/v2/engine"
	"github.com/zishang520/engine.io/v2/events"
)

// ErrShutdown is why connections are cut when the server is closed.
var ErrShutdown = errors.New("server shutting down")

// Server accepts connections. The Socket.IO library binds to it as its engine, and hears of new connections by the event
// connection.
type Server struct {
	engine.BaseServer // events, and what the library's interface has beyond them

	opts   Options
	log    *slog.Logger
	greet  func(*Conn) Peer
	mu     sync.Mutex
	conns  map[string]*Conn
	closed bool
	active sync.WaitGroup // readers of WebSockets
}

// New returns a server that asks greet for the peer of each connection before the library hears of it.
func New(opts Options, log *slog.Logger, greet func(*Conn) Peer) *Server {
	s := &Server{
		BaseServer: engine.MakeBaseServer(),
		opts:       opts.withDefaults(),
		log:        log,
		greet:      greet,
		conns:      make(map[string]*Conn),
	}
	return s
}

// ServeHTTP serves one request of a client: a handshake, a poll, a POST, or a WebSocket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	admitOrigin(w.Header(), r)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	query := r.URL.Query()
	transport, sid, upgrade := query.Get("transport"), query.Get("sid"), websocket.IsWebSocketUpgrade(r)
	switch {
	case transport != "polling" && transport != "websocket":
		refuse(w, unknownTransport)
	case upgrade != (transport == "websocket"):
		refuse(w, badRequest)
	case sid != "":
		s.serveKnown(w, r, sid, upgrade)
	case r.Method != http.MethodGet:
		refuse(w, badHandshakeMethod)
	default:
		s.handshake(w, r, upgrade)
	}
}

// serveKnown serves a request that names its connection.
func (s *Server) serveKnown(w http.ResponseWriter, r *http.Request, sid string, upgrade bool) {
	s.mu.Lock()
	c := s.conns[sid]
	s.mu.Unlock()
	switch {
	case c == nil:
		refuse(w, unknownSID)
	case upgrade:
		s.serveUpgrade(w, r, c)
	case r.Method == http.MethodGet:
		c.servePoll(w, r)
	case r.Method == http.MethodPost:
		c.servePost(w, r)
	default:
		refuse(w, badRequest)
	}
}

func (s *Server) serveUpgrade(w http.ResponseWriter, r *http.Request, c *Conn) {
	ws, err := s.accept(w, r)
	if err != nil {
		return
	}
	if !s.read(c, func() { c.upgrade(ws) }) {
		ws.link.Close()
	}
}

// handshake makes a connection.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request, upgrade bool) {
	var ws *wsTransport
	if upgrade {
		var err error
		if ws, err = s.accept(w, r); err != nil {
			return
		}
	}
	c := s.newConn(r, ws)
	if !s.remember(c) {
		c.end(reasonForced)
		if ws == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	c.peer = s.greet(c)
	s.Emit("connection", c)
	if !c.start() {
		return
	}
	if ws == nil {
		c.servePoll(w, r)
		return
	}
	s.read(c, func() { c.serveWebSocket(ws) })
}

// read runs the reader of a WebSocket on its own, so that the memory of the HTTP request can go. It is false when the server
// is being closed, which cuts c.
func (s *Server) read(c *Conn, reader func()) bool {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	s.active.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.active.Done()
		defer func() {
			if fault := recover(); fault != nil {
				s.log.Error("socket reader failed", "fault", fault, "stack", string(debug.Stack()))
				c.end(reasonTransportError)
			}
		}()
		reader()
	}()
	return true
}

func (s *Server) newConn(r *http.Request, ws *wsTransport) *Conn {
	c := &Conn{
		EventEmitter: events.New(),
		server:       s,
		id:           rand.Text(),
		protocol:     3,
		address:      s.opts.Address(r),
		done:         make(chan struct{}),
		ws:           ws,
	}
	if r.URL.Query().Get("EIO") == "4" {
		c.protocol = 4
	}
	c.heart = time.AfterFunc(c.silence(), c.alarm)
	c.Enqueue(packetFrame("0" + s.welcome(c)))
	return c
}

// welcome is the content of a connection's first packet.
func (s *Server) welcome(c *Conn) string {
	upgrades := []string{}
	if c.ws == nil {
		upgrades = append(upgrades, "websocket")
	}
	text, err := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int64    `json:"maxPayload"`
	}{c.id, upgrades, s.opts.PingInterval.Milliseconds(), s.opts.PingTimeout.Milliseconds(), s.opts.MaxPayload})
	if err != nil {
		return "" // strings and numbers are always encoded
	}
	return string(text)
}

func (s *Server) remember(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c.id] = c
	return true
}

func (s *Server) forget(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.id)
}

// Connections is how many connections there are.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown cuts all connections, admits no more, and returns when all their readers have ended.
func (s *Server) Shutdown() {
	s.mu.Lock()
	s.closed = true
	conns := make([]*Conn, 0, len(s.conns))
	for _, c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.end(reasonForced)
	}
	s.active.Wait()
}

// Close is Shutdown, under the name that the library calls.
func (s *Server) Close() engine.BaseServer {
	s.Shutdown()
	return s
}
