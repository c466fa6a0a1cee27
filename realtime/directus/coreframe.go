package directus

import (
	"nightwire/storage"
)

// The frames of the core dialect that are always the same.
const (
	corePing       storage.Value = `{"type":"ping"}`
	handshakeError storage.Value = `{"type":"auth","status":"error","error":{"code":"AUTH_FAILED","message":"Authentication handshake failed."}}`
)

// coreMessage is a message in the core dialect: the type, then those fields that are present, the uid last.
func coreMessage(kind string, uid storage.Value, fields ...storage.Field) storage.Value {
	all := append([]storage.Field{{Name: "type", Value: storage.StringValue(kind)}}, fields...)
	return object(append(all, storage.Field{Name: "uid", Value: uid})...)
}

// coreFailure is the answer to a request in vain; the kind is that of the request, or server.
func coreFailure(kind string, f *fault, uid storage.Value) storage.Value {
	said := object(
		storage.Field{Name: "code", Value: storage.StringValue(f.code)},
		storage.Field{Name: "message", Value: storage.StringValue(f.message)},
	)
	return coreMessage(kind, uid, storage.Field{Name: "status", Value: `"error"`}, storage.Field{Name: "error", Value: said})
}

// coreAuthenticated is the answer to a good auth message.
func coreAuthenticated(uid storage.Value) storage.Value {
	return coreMessage("auth", uid, storage.Field{Name: "status", Value: `"ok"`})
}

// coreSubscription is a message about a subscription: data and meta are absent where there are none. Its uid is a string,
// whatever the client sent.
func coreSubscription(event string, data, meta, uid storage.Value) storage.Value {
	return coreMessage("subscription", uid,
		storage.Field{Name: "event", Value: storage.StringValue(event)},
		storage.Field{Name: "data", Value: data},
		storage.Field{Name: "meta", Value: meta},
	)
}

// stringUID is a uid as subscriptions know it.
func stringUID(uid storage.Value) storage.Value {
	if uid.Type() == storage.Number {
		return storage.StringValue(string(uid))
	}
	return uid
}
