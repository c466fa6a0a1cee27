package mongo

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

// refusing is a server's answer to a command that it does not carry out.
func refusing(code int32, name string) bson.D {
	return mtest.CreateCommandErrorResponse(mtest.CommandError{Code: code, Name: name, Message: "no"})
}

func opened() bson.D { return batch(true, 1) }

func ended() bson.D { return mtest.CreateSuccessResponse() }

func TestWatchable(t *testing.T) {
	for name, c := range map[string]struct {
		answers []bson.D
		want    watch
		fails   bool
	}{
		"database":     {[]bson.D{opened(), ended()}, watchDatabase, false},
		"collections":  {[]bson.D{refusing(115, "CommandNotSupported"), opened(), ended()}, watchCollections, false},
		"nothing":      {[]bson.D{refusing(40573, "Location40573"), refusing(40573, "Location40573")}, watchNothing, false},
		"no answer":    {[]bson.D{refusing(11600, "InterruptedAtShutdown"), refusing(11600, "InterruptedAtShutdown")}, watchNothing, true},
		"no answer, 2": {[]bson.D{refusing(115, "CommandNotSupported"), refusing(189, "PrimarySteppedDown"), refusing(189, "PrimarySteppedDown")}, watchNothing, true},
	} {
		play(t, name, func(r *recording) {
			r.AddMockResponses(c.answers...)
			if got, err := r.e.watchable(t.Context()); got != c.want || (err != nil) != c.fails {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
}

func TestTransacts(t *testing.T) {
	nothing := mtest.CreateCursorResponse(0, "x.nightwire_meta", mtest.FirstBatch)
	for name, c := range map[string]struct {
		answers []bson.D
		want    bool
		fails   bool
	}{
		"yes":            {[]bson.D{nothing, ended()}, true, false},
		"not begun":      {[]bson.D{refusing(9, "FailedToParse"), ended()}, false, false},
		"not committed":  {[]bson.D{nothing, refusing(59, "CommandNotFound")}, false, false},
		"shutting down":  {[]bson.D{refusing(11600, "InterruptedAtShutdown"), ended()}, false, true},
		"commit unknown": {[]bson.D{nothing, refusing(11600, "InterruptedAtShutdown"), refusing(11600, "InterruptedAtShutdown")}, false, true},
	} {
		play(t, name, func(r *recording) {
			r.AddMockResponses(c.answers...)
			if got, err := r.e.transacts(t.Context()); got != c.want || (err != nil) != c.fails {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
}

func TestKeepImages(t *testing.T) {
	listed := func(collections ...bson.D) bson.D {
		return mtest.CreateCursorResponse(0, "x.$cmd.listCollections", mtest.FirstBatch, collections...)
	}
	entries := func(o bson.D) bson.D { return bson.D{{Key: "name", Value: "entries"}, {Key: "options", Value: o}} }
	on := bson.D{{Key: "changeStreamPreAndPostImages", Value: bson.D{{Key: "enabled", Value: true}}}}
	off := bson.D{{Key: "changeStreamPreAndPostImages", Value: bson.D{{Key: "enabled", Value: false}}}}
	for name, c := range map[string]struct {
		major    int
		answers  []bson.D
		commands string
		want     bool
	}{
		"MongoDB 5":   {5, nil, "", false},
		"on already":  {6, []bson.D{listed(entries(on))}, "listCollections", true},
		"off":         {6, []bson.D{listed(entries(off)), ended()}, "listCollections collMod", true},
		"new":         {7, []bson.D{listed(), ended()}, "listCollections create", true},
		"made by two": {7, []bson.D{listed(), refusing(48, "NamespaceExists"), listed(entries(on))}, "listCollections create listCollections", true},
		"not allowed": {6, []bson.D{listed(entries(nil)), refusing(13, "Unauthorized")}, "listCollections collMod", false},
	} {
		play(t, name, func(r *recording) {
			r.e.can.major = c.major
			r.AddMockResponses(c.answers...)
			r.ClearEvents()
			kept, err := r.e.keepImages(t.Context(), "entries")
			if err != nil || kept != c.want {
				t.Errorf("%s: %v, %v", name, kept, err)
			}
			var commands []string
			for _, event := range r.GetAllStartedEvents() {
				commands = append(commands, event.CommandName)
			}
			if got := strings.Join(commands, " "); got != c.commands {
				t.Errorf("%s: %s", name, got)
			}
		})
	}
	play(t, "away", func(r *recording) {
		r.AddMockResponses(listed(entries(off)), refusing(11600, "InterruptedAtShutdown"))
		if _, err := r.e.keepImages(t.Context(), storage.SubjectsCollection); err == nil {
			t.Error("the shutdown of the database counts as a refusal")
		}
	})
}
