package socketio

import (
	"fmt"
	"testing"

	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// Every transport of both revisions: connect, subscribe, hear of each kind of change in the recorded form.
func TestEventsOnEveryWay(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	for _, w := range ways {
		t.Run(w.String(), func(t *testing.T) {
			c := h.connect(w)
			c.join()
			want := `[{"success":true,"collections":["entries","treatments"]}]`
			if got := c.subscribe(fmt.Sprintf(`{"accessToken":%q,"collections":["entries","treatments"]}`, token)); got != want {
				t.Fatalf("answer %s, want %s", got, want)
			}
			if w.transport == "upgrade" {
				c.upgrade()
			}
			doc := storage.Document(`{"identifier":"2","notes":"ü \" ","srvModified":2,"srvCreated":1}`)
			tomb := storage.Document(`{"identifier":"2","isValid":false,"srvModified":3,"srvCreated":1}`)
			h.journal.write(
				entry(1),
				storage.Change{Kind: storage.Create, Collection: "food", Identifier: "f", After: doc},
				storage.Change{Kind: storage.Update, Collection: "treatments", Identifier: "2", After: doc},
				storage.Change{Kind: storage.Create, Collection: "treatments", Identifier: "2", After: tomb},
				storage.Change{Kind: storage.Prune, Collection: "treatments", Identifier: "2", Before: doc},
				storage.Change{Kind: storage.Delete, Collection: "treatments", Identifier: "2", After: tomb},
				storage.Change{Kind: storage.Delete, Collection: "entries", Identifier: "x", Named: `a"b`},
			)
			for _, want := range []string{
				entryEvent(1),
				`42/storage,["update",{"colName":"treatments","doc":` + string(doc) + `}]`,
				`42/storage,["create",{"colName":"treatments","doc":` + string(tomb) + `}]`,
				`42/storage,["delete",{"colName":"treatments","identifier":"2"}]`,
				`42/storage,["delete",{"colName":"entries","identifier":"a\"b"}]`,
			} {
				if got, _ := c.next(); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
}
