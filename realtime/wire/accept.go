package wire

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// refusalPatience is how long the bytes of a refusal may take to be written.
const refusalPatience = 5 * time.Second

var errNoUpgrade = errors.New("not a WebSocket handshake")

// Upgrader accepts WebSockets with the smallest buffers: most connections are idle most of the time. Origins are for the
// protocols to judge.
var Upgrader = websocket.Upgrader{
	ReadBufferSize:  256,
	WriteBufferSize: 256,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(*http.Request) bool { return true },
}

// IsUpgrade tells whether a request asks for a WebSocket.
func IsUpgrade(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

// Accept upgrades a request; it has answered the client when it fails. No extension is selected, and only the subprotocol that
// the options name. Whoever accepts must call Run, best in a goroutine of its own, so that the memory of the request can go.
func Accept(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	if !IsUpgrade(r) || r.ProtoMajor != 1 {
		return nil, refuseUpgrade(w, r)
	}
	in := &inlet{began: time.Now()}
	var header http.Header
	if o.Subprotocol != "" {
		header = http.Header{"Sec-WebSocket-Protocol": {o.Subprotocol}}
	}
	ws, err := Upgrader.Upgrade(hijacker{w, in}, r, header)
	if err != nil {
		return nil, err
	}
	in.live = true
	return newConn(ws, in, o.withDefaults()), nil
}

func refuseUpgrade(w http.ResponseWriter, r *http.Request) error {
	if r.ProtoMajor != 1 {
		http.Error(w, "WebSockets need HTTP/1.1.", http.StatusBadRequest)
		return errNoUpgrade
	}
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	http.Error(w, "This address speaks WebSocket only.", http.StatusUpgradeRequired)
	return errNoUpgrade
}

// Subprotocols are those that a request offers, in its order: separated by commas, or in headers of their own.
func Subprotocols(r *http.Request) (offered []string) {
	for name := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if name = strings.TrimSpace(name); name != "" {
			offered = append(offered, name)
		}
	}
	return offered
}

// Refuse answers a request with a bare status line, such as "401 Unauthorized", without headers or body, and closes the TCP
// connection.
func Refuse(w http.ResponseWriter, status string) { RefuseSaying(w, status, "") }

// RefuseSaying is Refuse with a body, which ends with the connection.
func RefuseSaying(w http.ResponseWriter, status, body string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 has no such thing
		digits, _, _ := strings.Cut(status, " ")
		code, _ := strconv.Atoi(digits)
		w.WriteHeader(max(code, http.StatusBadRequest))
		_, _ = io.WriteString(w, body) // a client that has gone needs no answer
		return
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(refusalPatience)) == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\n\r\n"+body) // a client that has gone needs no answer
	}
}

// hijacker gives gorilla/websocket the inlet in place of the connection.
type hijacker struct {
	http.ResponseWriter
	inlet *inlet
}

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.inlet.Conn = conn
	if early := buffers.Reader.Buffered(); early > 0 {
		h.inlet.early = make([]byte, early)
		if _, err := io.ReadFull(buffers.Reader, h.inlet.early); err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
	}
	return h.inlet, buffers, nil
}

// inlet is the connection as gorilla/websocket sees it: it makes the handshake, and only reads from then on. It would write
// answers of its own to what breaks the protocol, between our frames or within one.
type inlet struct {
	net.Conn
	early  []byte // what came right behind the request; gorilla/websocket would refuse its sender
	began  time.Time
	heard  atomic.Int64 // when something was last read: nanoseconds since began
	live   bool         // the handshake is made
	failed bool         // the connection cannot be read any more; belongs to the reader
}

// Read implements net.Conn.
func (i *inlet) Read(p []byte) (int, error) {
	if len(i.early) > 0 {
		n := copy(p, i.early)
		if i.early = i.early[n:]; len(i.early) == 0 {
			i.early = nil
		}
		return n, nil
	}
	n, err := i.Conn.Read(p)
	i.note()
	i.failed = i.failed || err != nil
	return n, err
}

// note notes that the client lives.
func (i *inlet) note() { i.heard.Store(int64(time.Since(i.began))) }

// silence is for how long nothing has been heard of the client.
func (i *inlet) silence() time.Duration {
	return time.Since(i.began) - time.Duration(i.heard.Load())
}

// Write implements net.Conn.
func (i *inlet) Write(p []byte) (int, error) {
	if i.live {
		return len(p), nil
	}
	return i.Conn.Write(p)
}

// SetWriteDeadline implements net.Conn.
func (i *inlet) SetWriteDeadline(t time.Time) error {
	if i.live {
		return nil
	}
	return i.Conn.SetWriteDeadline(t)
}
