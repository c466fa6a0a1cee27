package mongo

import (
	"context"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

// TestChoose: of the documents that bear a key's names the first by the key's order is meant, however the server sorts them.
func TestChoose(t *testing.T) {
	hex := "65f0a1b2c3d4e5f601020304"
	oid, err := primitive.ObjectIDFromHex(hex)
	if err != nil {
		t.Fatal(err)
	}
	stored := func(id any, identifier any) bson.D {
		d := bson.D{{Key: "_id", Value: id}}
		if identifier != nil {
			d = append(d, bson.E{Key: "identifier", Value: identifier})
		}
		return d
	}
	for _, c := range []struct {
		what  string
		key   storage.Key
		found []bson.D
		want  any // the _id
	}{
		{"its identifier", storage.Key{Identifier: "a"}, []bson.D{stored(1, "a")}, int32(1)},
		{"identifier before _id", storage.Key{Identifier: hex, ID: hex}, []bson.D{stored(oid, "a"), stored(1, hex)}, int32(1)},
		{"own before foreign", storage.Key{Identifier: hex}, []bson.D{stored(oid, nil), stored(1, hex)}, int32(1)},
		{"a foreign one by its _id", storage.Key{Identifier: hex}, []bson.D{stored(oid, nil)}, oid},
		{"a foreign one whose identifier is empty", storage.Key{Identifier: hex}, []bson.D{stored(oid, "")}, oid},
		{"an own one not by its _id", storage.Key{Identifier: hex}, []bson.D{stored(oid, "a")}, nil},
		{"an own one by its _id", storage.Key{ID: hex}, []bson.D{stored(oid, "a")}, oid},
		{"foreign ones only", storage.Key{ID: hex, ForeignID: true}, []bson.D{stored(oid, "a")}, nil},
		{"an identifier among others", storage.Key{Identifier: "a"}, []bson.D{stored(1, bson.A{"a", "b"})}, nil},
	} {
		play(t, c.what, func(r *recording) {
			r.AddMockResponses(docs(c.found...))
			f, err := lookup(context.Background(), r.DB.Collection("notes"), c.key)
			if err != nil {
				r.Fatal(err)
			}
			var got any
			if f != nil {
				if err := f.id.Unmarshal(&got); err != nil {
					r.Fatal(err)
				}
			}
			if got != c.want {
				r.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}
