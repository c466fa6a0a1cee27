package mongotest

import (
	"errors"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"

	"nightwire/security"
	"nightwire/storage"
)

// The documents of testdata/nightscout.json.
const (
	entryID     = "640000000000000000000001"
	olderID     = "640000000000000000000002"
	treatmentID = "640000000000000000000003"
	zonedID     = "640000000000000000000004"
	statusID    = "640000000000000000000005"
	profileID   = "640000000000000000000006"
	subjectID   = "640000000000000000000007"

	entryDate = 1_680_000_000_000
)

// nightscout fills a database with what lies in that of a Nightscout whose clients use APIv1: documents without identifier
// and srv* fields, their times as doubles, as text, or both.
func nightscout(t *testing.T, db *driver.Database) {
	t.Helper()
	text, err := os.ReadFile("testdata/nightscout.json")
	if err != nil {
		t.Fatal(err)
	}
	var collections map[string][]bson.D
	if err := bson.UnmarshalExtJSON(text, false, &collections); err != nil {
		t.Fatal(err)
	}
	for collection, docs := range collections {
		for _, doc := range docs {
			if _, err := db.Collection(collection).InsertOne(t.Context(), doc); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func oid(hex string) primitive.ObjectID {
	id, err := primitive.ObjectIDFromHex(hex)
	if err != nil {
		panic(err)
	}
	return id
}

// stored is a document as it lies in the database.
func stored(t *testing.T, db *driver.Database, collection, hex string) bson.M {
	t.Helper()
	var m bson.M
	if err := db.Collection(collection).FindOne(t.Context(), bson.D{{Key: "_id", Value: oid(hex)}}).Decode(&m); err != nil {
		t.Fatalf("%s/%s: %v", collection, hex, err)
	}
	return m
}

// beside are Documents on the database of a Nightscout, and somebody who may do anything.
func beside(t *testing.T) (*storage.Documents, storage.Request, *driver.Database) {
	t.Helper()
	uri, db := freshDatabase(t)
	nightscout(t, db)
	e := open(t, uri)
	guard, err := security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(e), APISecret: "the secret of this Nightscout", JWTKey: []byte(strings.Repeat("k", 64)),
	})
	if err != nil {
		t.Fatal(err)
	}
	docs := storage.NewDocuments(e, guard, storage.Options{Zone: time.UTC})
	t.Cleanup(docs.Close)
	return docs, storage.Request{Who: security.Operator()}, db
}

func TestReadsWhatAPIv1Wrote(t *testing.T) {
	docs, r, _ := beside(t)
	for _, c := range []struct{ collection, id, want string }{
		{"entries", entryID, `{"device":"xDrip-DexcomG6","date":1680000000000.625,"dateString":"2023-03-28T12:40:00.000+0200","sgv":120,"delta":1.5,` +
			`"direction":"Flat","type":"sgv","filtered":0,"noise":1,"sysTime":"2023-03-28T10:40:00.000Z","utcOffset":120,` +
			`"identifier":"640000000000000000000001","srvModified":1680000000000,"srvCreated":1680000000000}`},
		{"treatments", treatmentID, `{"enteredBy":"openaps://AndroidAPS","app":"AAPS","date":1680000000000,"eventType":"Meal Bolus","insulin":2.35,"carbs":30,"created_at":"2023-03-28T10:40:00.000Z",` +
			`"utcOffset":0,"notes":null,"identifier":"640000000000000000000003","srvModified":1680000000000,"srvCreated":1680000000000}`},
		{"treatments", zonedID, `{"enteredBy":"loop://iPhone","eventType":"Temp Basal","rate":0.55,"duration":30,"created_at":"2023-03-28T12:45:00+02:00",` +
			`"identifier":"640000000000000000000004","srvModified":1680000300000,"srvCreated":1680000300000}`},
		{"devicestatus", statusID, `{"device":"openaps://rig","uploader":{"battery":50},"created_at":"2023-03-28T10:41:00.000Z",` +
			`"openaps":{"iob":[{"iob":0.4,"time":"2023-03-28T10:40:59.000Z"}]},"identifier":"640000000000000000000005","srvModified":1680000060000,"srvCreated":1680000060000}`},
		{"profile", profileID, `{"defaultProfile":"Default","startDate":"2023-01-01T00:00:00.000Z","mills":"0","units":"mg/dl","created_at":"2023-03-28T10:40:00.000Z",` +
			`"store":{"Default":{"dia":"3","basal":[{"time":"00:00","value":"0.5"}]}},"identifier":"640000000000000000000006","srvModified":1680000000000,"srvCreated":1680000000000}`},
	} {
		got, err := docs.Read(t.Context(), r, c.collection, c.id)
		if err != nil || string(got) != c.want {
			t.Errorf("%s/%s: %v\n got %s\nwant %s", c.collection, c.id, err, got, c.want)
		}
	}
	if _, err := docs.Read(t.Context(), r, "entries", "640000000000000000000099"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a document that is not there: %v", err)
	}
}

func TestSearchesWhatAPIv1Wrote(t *testing.T) {
	docs, r, _ := beside(t)
	for _, c := range []struct {
		what, collection string
		query            storage.Query
		want             string
	}{
		{"everything", "entries", storage.Query{}, entryID + " " + olderID},
		{"by date, newest first", "entries", storage.Query{Sort: []storage.SortKey{{Path: "date", Desc: true}}}, entryID + " " + olderID},
		{"since a date", "entries", where(storage.Filter{Op: storage.Gte, Path: "date", Value: "1680000000000"}), entryID},
		{"until a date", "entries", where(storage.Filter{Op: storage.Lt, Path: "date", Value: "1680000000000"}), olderID},
		{"an integer among doubles", "entries", where(storage.Filter{Op: storage.Eq, Path: "sgv", Value: "95"}), olderID},
		{"the shown identifier", "entries", where(storage.Filter{Op: storage.Eq, Path: "identifier", Value: `"` + olderID + `"`}), olderID},
		{"a nested field", "devicestatus", where(storage.Filter{Op: storage.Gt, Path: "uploader.battery", Value: "49"}), statusID},
		{"null or missing", "treatments", where(storage.Filter{Op: storage.Eq, Path: "notes", Value: "null"}), treatmentID + " " + zonedID},
		{"text of a date", "profile", where(storage.Filter{Op: storage.Eq, Path: "created_at", Value: `"2023-03-28T10:40:00.000Z"`}), profileID},
	} {
		if got := strings.Join(identifiers(t, docs.Search(t.Context(), r, c.collection, c.query)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestHistoryOfWhatAPIv1Wrote(t *testing.T) {
	docs, r, _ := beside(t)
	history := func(collection string, since int64, limit int) string {
		return strings.Join(identifiers(t, docs.History(t.Context(), r, collection, since, false, limit)), " ")
	}
	if got := history("entries", 946_684_800_001, 0); got != olderID+" "+entryID {
		t.Errorf("entries by their date: %q", got)
	}
	if got := history("entries", 1_670_000_000_000, 10); got != entryID {
		t.Errorf("entries after the first: %q", got)
	}
	if got := history("treatments", 1_680_000_000_000, 10); got != zonedID {
		t.Errorf("treatments by created_at, whatever its zone: %q", got)
	}
	if _, err := docs.Patch(t.Context(), r, "entries", olderID, `{"noise":2}`); err != nil {
		t.Fatal(err)
	}
	if got := history("entries", 946_684_800_001, 0); got != entryID+" "+olderID {
		t.Errorf("entries after a patch of the older one: %q", got)
	}
}

func TestWritesOverWhatAPIv1Wrote(t *testing.T) {
	docs, r, db := beside(t)
	ctx := t.Context()
	res, err := docs.Patch(ctx, r, "entries", entryID, `{"sgv":121}`)
	if err != nil || res.Change.Kind != storage.Update || res.Identifier != entryID || res.Change.Before.Get("sgv") != "120" {
		t.Errorf("patch: %+v, %v", res, err)
	}
	if m := stored(t, db, "entries", entryID); m["identifier"] != nil || !isNumber(m["sgv"], 121) || !isNumber(m["date"], 1_680_000_000_000.625) || m["srvModified"] == nil {
		t.Errorf("the patched document: %v", m)
	}
	if _, err := docs.Delete(ctx, r, "treatments", treatmentID, false); err != nil {
		t.Errorf("delete: %v", err)
	}
	if m := stored(t, db, "treatments", treatmentID); m["isValid"] != false || m["identifier"] != nil {
		t.Errorf("the tombstone: %v", m)
	}
	if _, err := docs.Read(ctx, r, "treatments", treatmentID); !errors.Is(err, storage.ErrGone) {
		t.Errorf("reading a tombstone: %v", err)
	}
	if res, err := docs.Delete(ctx, r, "devicestatus", statusID, true); err != nil || res.Identifier != statusID {
		t.Errorf("permanent: %+v, %v", res, err)
	}
	if n, err := db.Collection("devicestatus").CountDocuments(ctx, bson.D{}); err != nil || n != 0 {
		t.Errorf("%d documents after a permanent deletion (%v)", n, err)
	}
}

// TestUploadsOfWhatAPIv1Wrote: what is uploaded again over APIv3 replaces what is the same, and gives it an identifier.
func TestUploadsOfWhatAPIv1Wrote(t *testing.T) {
	docs, r, db := beside(t)
	ctx := t.Context()
	res, err := docs.Create(ctx, r, "entries", `{"date":1670000000000,"utcOffset":0,"app":"uploader","device":"share2","type":"sgv","sgv":96}`)
	if err != nil || res.Created || res.Deduplicated != olderID || res.Identifier == olderID {
		t.Errorf("entry: %+v, %v", res, err)
	}
	m := stored(t, db, "entries", olderID)
	if m["identifier"] != res.Identifier || !isNumber(m["sgv"], 96) {
		t.Errorf("the replaced entry: %v", m)
	}
	if got, err := docs.Read(ctx, r, "entries", olderID); err != nil || got.Identifier() != res.Identifier {
		t.Errorf("by its old _id: %s, %v", got, err)
	}
	res, err = docs.Update(ctx, r, "treatments", treatmentID, `{"date":1680000000000,"app":"AAPS","eventType":"Meal Bolus","insulin":3}`)
	if err != nil || res.Created || res.Identifier != treatmentID {
		t.Errorf("replaced by its _id: %+v, %v", res, err)
	}
	// What is the same by its fields, but has another app or none, is refused like any change of those fields.
	if _, err := docs.Create(ctx, r, "treatments", `{"date":1680000300000,"created_at":"2023-03-28T12:45:00+02:00","app":"AAPS","eventType":"Temp Basal"}`); err != nil {
		t.Errorf("created_at is compared as text, so this is another treatment: %v", err)
	}
	if _, err := docs.Update(ctx, r, "treatments", zonedID, `{"date":1680000300000,"app":"AAPS","eventType":"Temp Basal"}`); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("a treatment without app and date: %v", err)
	}
	if n, err := db.Collection("treatments").CountDocuments(ctx, bson.D{}); err != nil || n != 3 {
		t.Errorf("%d treatments (%v)", n, err)
	}
}

func where(f storage.Filter) storage.Query { return storage.Query{Filter: f} }

func identifiers(t *testing.T, docs iter.Seq2[storage.Document, error]) []string {
	t.Helper()
	var ids []string
	for doc, err := range docs {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, doc.Identifier())
	}
	return ids
}

func isNumber(v any, want float64) bool {
	switch n := v.(type) {
	case int32:
		return float64(n) == want
	case int64:
		return float64(n) == want
	case float64:
		return n == want
	default:
		return false
	}
}
