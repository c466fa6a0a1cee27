package users

import (
	"strconv"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
	"nightwire/storage"
)

// encode is a change as the event that tells it; nil: it is told to nobody.
func encode(change storage.Change) realtime.Frame {
	out := documentEvent
	if change.Kind == storage.Tell {
		out = message
	}
	if text := out(change); text != nil {
		return realtime.Frame(wire.Text(text))
	}
	return nil
}

// message is the event of what is not about a document.
func message(change storage.Change) []byte {
	if m, ok := storage.EchoOf(change); ok {
		return echoed(m)
	}
	if e, ok := storage.AccountEventOf(change); ok {
		return accountEvent(e)
	}
	return nil
}

// accountEvents are the event types of what happens to accounts.
var accountEvents = map[security.AccountEventKind]eventType{
	security.LoggedIn: login, security.LoggedOut: logout, security.Activated: activated, security.Removed: removed,
}

// accountEvent is the event of what happened to an account; nil: this program does not know of such a thing yet.
func accountEvent(e security.AccountEvent) []byte {
	kind := accountEvents[e.Kind]
	if kind == 0 {
		return nil
	}
	return append(named(e.Name, kind), '}')
}

// named begins an event about, or by, somebody.
func named(name string, e eventType) []byte {
	out := append([]byte(`{"username":`), storage.StringValue(name)...)
	out = append(out, `,"eventType":`...)
	return strconv.AppendInt(out, int64(e), 10)
}
