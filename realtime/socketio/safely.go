package socketio

import (
	"fmt"
	"runtime/debug"

	"github.com/zishang520/engine.io/v2/events"
)

// safely keeps a fault in a listener from ending the process: the library calls listeners in goroutines of its own.
func (s *Server) safely(listener events.Listener) events.Listener {
	return func(args ...any) {
		defer func() {
			if fault := recover(); fault != nil {
				s.log.Error("socket listener failed", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			}
		}()
		listener(args...)
	}
}
