package mongo

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

const (
	a1 = `{"identifier":"a","sgv":1,"srvModified":1}`
	a2 = `{"identifier":"a","sgv":2,"srvModified":2}`
	a3 = `{"identifier":"a","sgv":3,"srvModified":3,"isValid":false}`
)

func TestOwnChanges(t *testing.T) {
	create, update := marked(1, storage.Create, "g1"), marked(2, storage.Update, "g2")
	one, two := own("x", a1, create), own("x", a2, update)
	three := own("x", a3, marked(3, storage.Delete, "g3"))
	play(t, "with images", func(r *recording) {
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", "x", full(one)),
			happening(3, "replace", "entries", "x", full(two), imageBefore(one)),
			happening(4, "replace", "entries", "x", full(three), imageBefore(two)),
		},
			"create entries/a r1 @1 [g1!]  -> "+a1,
			"update entries/a r2 @2 [g2!] "+a1+" -> "+a2,
			"delete entries/a r3 @3 [g3!] "+a2+" -> "+a3)
	})
	play(t, "from memory", func(r *recording) {
		r.e.can.preImages = false
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", "x", full(one)),
			happening(3, "replace", "entries", "x", full(two)),
			happening(4, "replace", "entries", "y", full(own("y", a2, update))),
		},
			"create entries/a r1 @1 [g1!]  -> "+a1,
			"update entries/a r2 @2 [g2!] "+a1+" -> "+a2,
			"update entries/a r2 @2 [g2!]  -> "+a2)
	})
	play(t, "an update that wrote the mark", func(r *recording) {
		r.wantTold([]bson.D{happening(3, "update", "entries", "x", full(two), imageBefore(one), wrote("sgv", "_nw.rev", "_nw.group"))},
			"update entries/a r2 @2 [g2!] "+a1+" -> "+a2)
	})
	play(t, "whole and renamed", func(r *recording) {
		r.e.options.Names = map[string]string{"entries": "sgvs"}
		m := create
		m.Named, m.Set, m.Last = "A", []string{"sgv"}, false
		answered := make(chan struct{})
		r.e.answers.put("g1", answered)
		got := r.wantTold([]bson.D{happening(2, "insert", "sgvs", "x", full(own("x", a1, m)))}, "create entries/A r1 @1 [g1]  -> "+a1)[0]
		if got.Identifier != "a" || got.By != "me" || len(got.Sent) != 1 || got.Sent[0] != "sgv" || got.Answered != (<-chan struct{})(answered) {
			r.Errorf("told %+v", got)
		}
	})
}

func TestGroupsOfOwnChanges(t *testing.T) {
	first, last := marked(1, storage.Create, "g"), marked(1, storage.Create, "g")
	first.Last = false
	transaction := []bson.E{{Key: "lsid", Value: bson.D{{Key: "id", Value: 1}}}, {Key: "txnNumber", Value: int64(1)}}
	play(t, "a transaction", func(r *recording) {
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", "x", append(transaction, full(own("x", a1, first)))...),
			happening(2, "insert", "food", "y", append(transaction, full(own("y", a1, last)))...),
		},
			"create entries/a r1 @1 [g]  -> "+a1,
			"create food/a r1 @1 [g!]  -> "+a1)
	})
}

func TestOwnDeletions(t *testing.T) {
	one := own("x", a1, marked(1, storage.Create, "g1"))
	for _, kind := range []storage.Kind{storage.Delete, storage.Prune} {
		note := noteOf("entries", "x", one, marked(2, kind, "g2"))
		want := string(kind) + " entries/a r2 @2 [g2!] " + a1 + " -> "
		play(t, string(kind), func(r *recording) {
			r.wantTold([]bson.D{notedEvent(2, note), happening(3, "delete", "entries", "x")}, want)
		})
		play(t, string(kind)+" with image", func(r *recording) {
			r.wantTold([]bson.D{notedEvent(2, note), happening(3, "delete", "entries", "x", imageBefore(one))}, want)
		})
		play(t, string(kind)+" resumed after the note", func(r *recording) {
			r.AddMockResponses(batch(true, 1), batch(false, 3, happening(3, "delete", "entries", "x")), answerTo(note))
			changes, err := r.hear(r.start(1), 1)
			if err != nil || told(changes[0]) != want {
				r.Errorf("told %v, %v", changes, err)
			}
			if got := r.asked("find")[0].Lookup("filter", "of").StringValue(); got != "x" {
				r.Errorf("looked for the note of %q", got)
			}
		})
	}
	play(t, "a note whose deletion came to nothing", func(r *recording) {
		r.e.can.preImages = false
		note := noteOf("entries", "x", one, marked(2, storage.Delete, "g2"))
		two := own("x", a2, marked(2, storage.Update, "other"))
		r.AddMockResponses(batch(true, 1),
			batch(false, 4, notedEvent(2, note), happening(3, "replace", "entries", "x", full(two)), happening(4, "delete", "entries", "x")),
			answerTo(note))
		changes, err := r.hear(r.start(1), 2)
		if err != nil || told(changes[1]) != "delete entries/a r2 @1790000000004 [alone!] "+a2+" -> " {
			r.Errorf("told %s, %v", told(changes[1]), err)
		}
	})
	play(t, "notes are removed by age", func(r *recording) {
		r.wantTold([]bson.D{happening(2, "delete", messagesCollection, "note")})
	})
}

func TestForeignChanges(t *testing.T) {
	id := primitive.NewObjectID()
	hex := id.Hex()
	bare := bson.D{{Key: "_id", Value: id}, {Key: "sgv", Value: 1}}
	more := bson.D{{Key: "_id", Value: id}, {Key: "sgv", Value: 2}, {Key: "srvModified", Value: int64(77)}}
	gone := append(more, bson.E{Key: "isValid", Value: false})
	before := `{"sgv":1,"identifier":"` + hex + `"}`
	after := `{"sgv":2,"srvModified":77,"identifier":"` + hex + `"}`
	deleted := `{"sgv":2,"srvModified":77,"isValid":false,"identifier":"` + hex + `"}`
	at := func(n string) string { return "@179000000000" + n + " [alone!] " }
	created := "create entries/" + hex + " r0 " + at("2") + ` -> {"sgv":1,"identifier":"` + hex + `","srvModified":1790000000002}`

	play(t, "with images", func(r *recording) {
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", id, full(bare)),
			happening(3, "update", "entries", id, full(more), imageBefore(bare), wrote("sgv", "srvModified")),
			happening(4, "replace", "entries", id, full(gone), imageBefore(more)),
			happening(5, "delete", "entries", id, imageBefore(more)),
		}[0:3],
			created,
			"update entries/"+hex+" r0 @77 [alone!] "+before+" -> "+after,
			"delete entries/"+hex+" r0 "+at("4")+after+" -> "+deleted)
	})
	play(t, "without images", func(r *recording) {
		r.e.can.preImages = false
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", id, full(bare)),
			happening(3, "update", "entries", id, full(more), wrote("sgv")),
			happening(4, "update", "entries", id, full(more), wrote("sgv")), // looked up: both came before the look-up
		}, created, "update entries/"+hex+" r0 @77 [alone!] "+before+" -> "+after)
		if got := r.asked("aggregate")[0].Lookup("pipeline", "0", "$changeStream", "fullDocument").StringValue(); got != "updateLookup" {
			r.Errorf("fullDocument %q", got)
		}
	})
	play(t, "own only", func(r *recording) {
		r.e.options.OwnOnly = true
		one := own("x", a1, marked(1, storage.Create, "g1"))
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", id, full(bare)),
			happening(3, "update", "entries", id, full(more), imageBefore(bare), wrote("sgv")),
			happening(4, "replace", "entries", id, full(gone), imageBefore(more)),
			happening(5, "insert", "entries", "x", full(one)),
		}, "create entries/a r1 @1 [g1!]  -> "+a1)
	})
	play(t, "a time in whole seconds before MongoDB 6", func(r *recording) {
		event := happening(2, "insert", "entries", id, full(bare))
		event = append(event[:3], event[4:]...) // without wallTime
		got := r.wantTold([]bson.D{event}, strings.ReplaceAll(created, "1790000000002", "1790000000000"))
		if got[0].Group == "" || got[0].Group == got[1].Group {
			r.Errorf("groups %q, %q", got[0].Group, got[1].Group)
		}
	})
}

func TestOwnOnlyDeletions(t *testing.T) {
	bare := bson.D{{Key: "_id", Value: "x"}, {Key: "sgv", Value: 1}}
	play(t, "not told", func(r *recording) {
		r.e.options.OwnOnly = true
		r.AddMockResponses(batch(true, 1), batch(false, 3,
			happening(2, "delete", "entries", "x", imageBefore(bare)), spoken(3, "end:", bson.D{})), answerTo())
		if changes, err := r.hear(r.start(1), 1); err != nil || changes[0].Collection != "end:" || r.log.Len() > 0 {
			r.Errorf("told %v, %v; the log: %s", changes, err, r.log)
		}
	})
}

// TestForeignChangesOfOwnDocuments: the mark that another program leaves in place does not make its write Nightwire's.
func TestForeignChangesOfOwnDocuments(t *testing.T) {
	one := own("x", a1, marked(1, storage.Create, "g1"))
	kept := own("x", `{"identifier":"a","sgv":9,"srvModified":1}`, marked(1, storage.Create, "g1"))
	next := own("x", a2, marked(2, storage.Update, "g2"))
	want := "update entries/a r1 @179000000000%d [alone!] " + a1 + ` -> {"identifier":"a","sgv":9,"srvModified":1}`
	for _, images := range []bool{true, false} {
		image := func(doc bson.Raw) []bson.E {
			if images {
				return []bson.E{imageBefore(doc)}
			}
			return nil
		}
		play(t, "replaced", func(r *recording) {
			r.e.can.preImages = images
			r.wantTold([]bson.D{
				happening(2, "insert", "entries", "x", full(one)),
				happening(3, "replace", "entries", "x", append(image(one), full(kept))...),
			}, "create entries/a r1 @1 [g1!]  -> "+a1, strings.ReplaceAll(want, "%d", "3"))
		})
		play(t, "updated", func(r *recording) {
			r.e.can.preImages = images
			r.wantTold([]bson.D{
				happening(2, "insert", "entries", "x", full(one)),
				happening(3, "update", "entries", "x", append(image(one), full(kept), wrote("sgv"))...),
			}, "create entries/a r1 @1 [g1!]  -> "+a1, strings.ReplaceAll(want, "%d", "3"))
		})
	}
	play(t, "looked up when Nightwire had written again", func(r *recording) {
		r.e.can.preImages = false
		r.wantTold([]bson.D{
			happening(2, "insert", "entries", "x", full(one)),
			happening(3, "update", "entries", "x", full(next), wrote("sgv")),
			happening(4, "replace", "entries", "x", full(next)),
		},
			"create entries/a r1 @1 [g1!]  -> "+a1,
			"update entries/a r2 @2 [alone!] "+a1+" -> "+a2,
			"update entries/a r2 @2 [g2!] "+a2+" -> "+a2)
	})
	play(t, "copied from elsewhere", func(r *recording) {
		r.wantTold([]bson.D{happening(2, "insert", "entries", "x", full(next))}, "create entries/a r2 @2 [alone!]  -> "+a2)
	})
	play(t, "looked up and gone", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 3, happening(2, "update", "entries", "x", full(nil), wrote("sgv")), spoken(3, "end:", bson.D{})), answerTo())
		if changes, err := r.hear(r.start(1), 1); err != nil || changes[0].Collection != "end:" {
			r.Errorf("told %v, %v", changes, err)
		}
	})
}

func TestForeignDeletions(t *testing.T) {
	bare := bson.D{{Key: "_id", Value: "x"}, {Key: "sgv", Value: 1}}
	want := `delete entries/x r0 @1790000000003 [alone!] {"sgv":1,"identifier":"x"} -> `
	play(t, "with image", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 3, happening(3, "delete", "entries", "x", imageBefore(bare))), answerTo())
		if changes, err := r.hear(r.start(1), 1); err != nil || told(changes[0]) != want {
			r.Errorf("told %s, %v", told(changes[0]), err)
		}
	})
	play(t, "known from before", func(r *recording) {
		r.e.can.preImages = false
		r.AddMockResponses(batch(true, 1), batch(false, 3, happening(2, "insert", "entries", "x", full(bare)), happening(3, "delete", "entries", "x")), answerTo())
		if changes, err := r.hear(r.start(1), 2); err != nil || told(changes[1]) != want {
			r.Errorf("told %s, %v", told(changes[1]), err)
		}
	})
	play(t, "unknown", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 4,
			happening(2, "delete", "entries", "x"), happening(3, "delete", "entries", "y"), spoken(4, "end:", bson.D{})), answerTo(), answerTo())
		if changes, err := r.hear(r.start(1), 1); err != nil || changes[0].Collection != "end:" {
			r.Errorf("told %v, %v", changes, err)
		}
		if n := strings.Count(r.log.String(), "only the database key is known"); n != 1 {
			r.Errorf("the log tells it %d times: %s", n, r.log)
		}
	})
	play(t, "no look-up long after the start", func(r *recording) {
		late := happening(3, "delete", "entries", "x", imageBefore(bare))
		late[3].Value = primitive.DateTime(wall + 2*noteLead)
		r.AddMockResponses(batch(true, 1), batch(false, 3, spoken(2, "first:", bson.D{}), late))
		if changes, err := r.hear(r.start(1), 2); err != nil || changes[1].Kind != storage.Delete || len(r.asked("find")) != 0 {
			r.Errorf("told %v, %v; %d look-ups", changes, err, len(r.asked("find")))
		}
	})
}

func TestMessages(t *testing.T) {
	play(t, "told", func(r *recording) {
		answered := make(chan struct{})
		r.e.answers.put("said", answered)
		got := r.wantTold([]bson.D{
			spoken(2, "users:", bson.D{{Key: "_id", Value: "kept"}, {Key: "text", Value: "hello"}}),
			happening(3, "delete", messagesCollection, 2),
			append(spoken(4, "users:", bson.D{})[:1], append(bson.D{{Key: "operationType", Value: "update"}}, spoken(4, "users:", bson.D{})[2:]...)...),
		}, `message users:/ r0 @1790000000000 [said!]  -> {"_id":"kept","text":"hello"}`)[0]
		if got.Identifier != "" || got.By != "me" || got.Answered == nil {
			r.Errorf("told %+v", got)
		}
	})
}

func TestNotTold(t *testing.T) {
	play(t, "what is nobody's business", func(r *recording) {
		r.wantTold([]bson.D{
			happening(2, "insert", metaCollection, "x", full(bson.D{{Key: "_id", Value: "x"}})),
			happening(3, "insert", "system.views", "x", full(bson.D{{Key: "_id", Value: "x"}})),
			happening(4, "drop", "entries", "x"),
			happening(5, "rename", "food", "x"),
			happening(6, "insert", "entries", "x", full("no document")),
			{{Key: "_id", Value: token(7)}, {Key: "operationType", Value: "insert"}},
			{{Key: "_id", Value: token(8)}, {Key: "operationType", Value: "dropDatabase"}},
			happening(9, "insert", messagesCollection, "x", full(bson.D{{Key: "at", Value: "no time"}})),
		}[:4])
		for _, event := range []string{"drop", "rename"} {
			if !strings.Contains(r.log.String(), "event="+event) {
				r.Errorf("the log does not tell of %s: %s", event, r.log)
			}
		}
	})
	play(t, "accounts and alarms are told", func(r *recording) {
		one := own("x", a1, marked(1, storage.Create, "g1"))
		r.wantTold([]bson.D{
			happening(2, "insert", "auth_subjects", "x", full(one)),
			happening(3, "insert", "nightwire_alarms", "x", full(one)),
		},
			"create auth_subjects/a r1 @1 [g1!]  -> "+a1,
			"create alarms/a r1 @1 [g1!]  -> "+a1)
	})
}
