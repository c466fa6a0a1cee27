package socketio

import (
	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// encodeChange is a change as an event of /storage, in the frame in which it goes to all WebSockets.
func encodeChange(c storage.Change) realtime.Frame {
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

// encodeNotice is a change of alarms as an event of /alarm, nil when it is none.
func encodeNotice(c storage.Change) realtime.Frame {
	event, notification := storage.Told(c)
	if event == "" {
		return nil
	}
	text := make([]byte, 0, len(event)+len(notification)+32)
	text = append(text, `2`+alarmNamespace+`,[`...)
	text = append(text, storage.StringValue(event)...)
	text = append(text, ',')
	text = append(text, notification...)
	return realtime.Frame(engineio.Message(append(text, ']')))
}
