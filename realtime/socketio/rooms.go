package socketio

import (
	"sync"

	"github.com/zishang520/engine.io/v2/types"
	"github.com/zishang520/socket.io/v2/socket"
)

// rooms is the library's adapter with one change of membership at a time. Without that, sockets that join a room while
// they are leaving stay in it for ever.
type rooms struct {
	socket.Adapter
	mu sync.Mutex
}

// roomsBuilder makes the adapter of a namespace.
type roomsBuilder struct{}

// New is called by the library for each namespace.
func (roomsBuilder) New(namespace socket.Namespace) socket.Adapter {
	r := &rooms{Adapter: socket.MakeAdapter()}
	r.Prototype(r)
	r.Construct(namespace)
	return r
}

// AddAll adds a socket to rooms.
func (r *rooms) AddAll(id socket.SocketId, names *types.Set[socket.Room]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Adapter.AddAll(id, names)
}

// Del takes a socket out of a room.
func (r *rooms) Del(id socket.SocketId, name socket.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Adapter.Del(id, name)
}

// DelAll takes a socket out of all rooms.
func (r *rooms) DelAll(id socket.SocketId) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Adapter.DelAll(id)
}
