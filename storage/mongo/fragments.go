package mongo

import (
	"errors"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"
)

// maxEvent is more than an event can have: two documents of 16 MiB, and what an update wrote.
const maxEvent = 64 << 20

var errFragments = errors.New("the parts of a large event do not fit together")

// fragments are the parts of an event that would be over the server's limit in one piece.
type fragments []bson.Raw

// add takes what the server sent (nil: nothing this time) and returns the event when it is complete.
func (f *fragments) add(event bson.Raw) (bson.Raw, error) {
	if event == nil {
		return nil, nil
	}
	split, isPart := event.Lookup("splitEvent").DocumentOK()
	if !isPart {
		if len(*f) > 0 {
			return nil, errFragments
		}
		return event, nil
	}
	number, _ := split.Lookup("fragment").AsInt64OK()
	of, _ := split.Lookup("of").AsInt64OK()
	if number != int64(len(*f))+1 || number > of {
		return nil, errFragments
	}
	*f = append(*f, event)
	if number < of {
		return nil, nil
	}
	return f.join()
}

// join is one document with the fields of all parts. Each part's _id is its own token; the last one's stands for the event.
func (f *fragments) join() (bson.Raw, error) {
	at, whole := bsoncore.AppendDocumentStart(nil)
	for i, part := range *f {
		elements, err := part.Elements()
		if err != nil {
			return nil, err
		}
		for _, element := range elements {
			key := element.Key()
			if key == "splitEvent" || key == "_id" && i < len(*f)-1 {
				continue
			}
			if whole = append(whole, element...); len(whole) > maxEvent {
				return nil, errFragments
			}
		}
	}
	whole, err := bsoncore.AppendDocumentEnd(whole, at)
	return whole, err
}
