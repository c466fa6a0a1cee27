package socketio

import (
	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// encode is a change as an event of /storage, in the frame in which it goes to all WebSockets.
func encode(c storage.Change) realtime.Frame {
	text := make([]byte, 0, len(c.After)+len(c.Named)+len(c.Identifier)+96)
	text = append(text, `2`+storageNamespace+`,["`...)
	text = append(text, c.Kind...)
	text = append(text, `",{"colName":`...)
	text = append(text, storage.StringValue(c.Collection)...)
	if c.Kind == storage.Delete {
		named := c.Named
		if named == "" {
			named = c.Identifier
		}
		text = append(text, `,"identifier":`...)
		text = append(text, storage.StringValue(named)...)
	} else {
		text = append(text, `,"doc":`...)
		text = append(text, c.After...)
	}
	return realtime.Frame(engineio.Message(append(text, `}]`...)))
}
