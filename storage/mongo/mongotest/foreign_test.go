package mongotest

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

// foreignValues are what other programs may store; FerretDB does not take the last ones.
func foreignValues() []any {
	values := []any{
		primitive.NewDateTimeFromTime(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)), primitive.DateTime(0), primitive.NewObjectID(),
		primitive.Binary{Data: []byte("ab")}, primitive.Regex{Pattern: "a"}, primitive.Timestamp{T: 1700000000},
		int32(5), int64(9007199254740993), 5.0, 5.5, -1.0, "a", "2024-05-01T00:00:00.000Z", "", "b", true, false, nil,
		bson.D{{Key: "a", Value: int32(5)}}, bson.A{int32(1), "b", nil}, bson.A{}, bson.A{primitive.DateTime(5), "z"},
	}
	if real() {
		half, _ := primitive.ParseDecimal128("5.5") // always right
		values = append(values, math.NaN(), math.Inf(1), math.Inf(-1), half, primitive.MinKey{}, primitive.Undefined{}, primitive.Symbol("b"))
	}
	return values
}

// TestForeignValues: whatever lies in a collection, a query finds what matching and sorting all its documents as they are
// shown finds.
func TestForeignValues(t *testing.T) {
	uri, db := freshDatabase(t)
	e := open(t, uri)
	random := rand.New(rand.NewPCG(5, 6))
	values := foreignValues()
	collections := []string{"plain", "odd"}
	for i, v := range values {
		for _, name := range collections {
			doc := bson.D{{Key: "x", Value: v}, {Key: "y", Value: values[random.IntN(len(values))]}, {Key: "n", Value: int32(i)}}
			if name == "plain" { // only the identifiers are foreign
				doc = bson.D{{Key: "x", Value: int32(i % 5)}, {Key: "y", Value: []any{"a", "b", nil}[i%3]}, {Key: "n", Value: int32(i)}}
			}
			if i%3 == 0 {
				doc = append(doc, bson.E{Key: "identifier", Value: string(rune('a' + i))})
			}
			if _, err := db.Collection(name).InsertOne(t.Context(), doc); err != nil {
				t.Fatalf("%v: %v", doc, err)
			}
		}
	}
	for _, name := range collections {
		all := findAll(t, e, name, storage.Query{})
		if len(all) != len(values) {
			t.Fatalf("%d documents of %d", len(all), len(values))
		}
		for range 400 {
			q := foreignQuery(random, all)
			got := findAll(t, e, name, q)
			var want []storage.Document
			for _, doc := range all {
				if q.Filter.Match(doc) {
					want = append(want, doc)
				}
			}
			slices.SortStableFunc(want, q.Compare)
			want = want[min(q.Skip, len(want)):]
			if q.Limit > 0 {
				want = want[:min(q.Limit, len(want))]
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s, %+v:\n got %v\nwant %v", name, q, got, want)
			}
		}
	}
}

func foreignQuery(random *rand.Rand, all []storage.Document) storage.Query {
	paths := []string{"x", "y", "x.a", "identifier"}
	path := paths[random.IntN(len(paths))]
	operators := []storage.Op{storage.Eq, storage.Ne, storage.Gt, storage.Gte, storage.Lt, storage.Lte, storage.In, storage.Nin, storage.Exists, storage.Regexp}
	f := storage.Filter{Op: operators[random.IntN(len(operators))], Path: path, Pattern: regexp.MustCompile([]string{"a", "^2024", "b"}[random.IntN(3)])}
	f.Value = all[random.IntN(len(all))].Get(path)
	f.List = []storage.Value{f.Value, all[random.IntN(len(all))].Get(path)}
	return storage.Query{
		Filter: f, Skip: max(0, random.IntN(6)-3), Limit: random.IntN(5),
		Sort: []storage.SortKey{{Path: []string{"x", "y", "n", "identifier"}[random.IntN(4)], Desc: random.IntN(2) == 0}, {Path: "n"}},
	}
}

func findAll(t *testing.T, e storage.Engine, collection string, q storage.Query) (docs []storage.Document) {
	t.Helper()
	for doc, err := range e.Find(t.Context(), collection, q) {
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		docs = append(docs, doc)
	}
	return docs
}
