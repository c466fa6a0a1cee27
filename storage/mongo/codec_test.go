package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

var someID = primitive.ObjectID{0x65, 0xa1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff}

const someHex = "65a1010203040506070809ff"

// marshal is a document as the driver would write it.
func marshal(t testing.TB, doc any) bson.Raw {
	t.Helper()
	raw, err := bson.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decimalOf(t testing.TB, text string) primitive.Decimal128 {
	t.Helper()
	d, err := primitive.ParseDecimal128(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestForeignValues: what other programs store is shown as a JavaScript program shows it.
func TestForeignValues(t *testing.T) {
	for _, c := range []struct {
		stored any
		want   storage.Value
	}{
		{int32(5), "5"}, {int64(9007199254740993), "9007199254740993"}, {int64(math.MinInt64), "-9223372036854775808"},
		{5.0, "5"}, {-5.5, "-5.5"}, {math.Copysign(0, -1), "0"}, {1e300, "1e+300"}, {1e-7, "1e-07"}, {0.1, "0.1"},
		{math.Ldexp(1, 62), "4611686018427387904"}, {math.Ldexp(1, 63), "9.223372036854776e+18"}, {1e20, "1e+20"},
		{math.NaN(), "null"}, {math.Inf(1), "null"}, {math.Inf(-1), "null"},
		{decimalOf(t, "1.50"), "1.5"}, {decimalOf(t, "12"), "12"}, {decimalOf(t, "9007199254740993"), "9007199254740993"},
		{decimalOf(t, "1E+3"), "1000"}, {decimalOf(t, "1E+6000"), `"1E+6000"`}, {decimalOf(t, "NaN"), "null"}, {decimalOf(t, "-Infinity"), "null"},
		{true, "true"}, {false, "false"}, {nil, "null"}, {primitive.Undefined{}, "null"}, {primitive.MinKey{}, "null"}, {primitive.MaxKey{}, "null"},
		{"a\"\\\n\x01\x00é\u2028😀", `"a\"\\\n\u0001\u0000é` + "\u2028😀\""}, {"a\xffb", `"a` + "\ufffd" + `b"`}, {"\xed\xa0\x80", `"` + "\ufffd\ufffd\ufffd" + `"`},
		{someID, `"` + someHex + `"`},
		{primitive.DateTime(0), `"1970-01-01T00:00:00.000Z"`}, {primitive.DateTime(1700000000123), `"2023-11-14T22:13:20.123Z"`},
		{primitive.DateTime(-1), `"1969-12-31T23:59:59.999Z"`}, {primitive.DateTime(-62198755200000), `"-000001-01-01T00:00:00.000Z"`},
		{primitive.DateTime(8640000000000000), `"+275760-09-13T00:00:00.000Z"`}, {primitive.DateTime(math.MaxInt64), "null"},
		{primitive.Binary{Subtype: 4, Data: []byte{1, 2, 255}}, `"AQL/"`}, {primitive.Binary{}, `""`}, {primitive.Binary{Subtype: 2, Data: []byte("ab")}, `"YWI="`},
		{primitive.Regex{Pattern: `a"/b`, Options: "i"}, `"/a\"/b/i"`}, {primitive.Timestamp{T: 1700000000, I: 7}, `"2023-11-14T22:13:20.000Z"`},
		{primitive.JavaScript("f()"), `"f()"`}, {primitive.CodeWithScope{Code: "f()", Scope: bson.D{{Key: "x", Value: 1}}}, `"f()"`},
		{primitive.Symbol("s"), `"s"`}, {primitive.DBPointer{DB: "d", Pointer: someID}, `"` + someHex + `"`},
		{bson.A{1, "x", bson.A{}, bson.D{}}, `[1,"x",[],{}]`}, {bson.D{{Key: "b", Value: 1}, {Key: "a", Value: nil}}, `{"b":1,"a":null}`},
		{bson.D{{Key: "_id", Value: 1}, {Key: "_nw", Value: 2}}, `{"_id":1,"_nw":2}`},
		{bson.D{{Key: "a", Value: 1}, {Key: "b", Value: 2}, {Key: "a", Value: 3}}, `{"a":3,"b":2}`},
		{bson.D{{Key: "\xff", Value: 1}, {Key: "\ufffd", Value: 2}}, "{\"\ufffd\":2}"}, {bson.D{{Key: "", Value: 1}, {Key: "$x.y", Value: 1}}, `{"":1,"$x.y":1}`},
	} {
		r, err := decode(marshal(t, bson.D{{Key: "_id", Value: "i"}, {Key: "v", Value: c.stored}}))
		if got := r.doc.Get("v"); err != nil || got != c.want {
			t.Errorf("%v is shown as %s (%v), want %s", c.stored, got, err, c.want)
		}
		checkCanonical(t, r.doc)
	}
}

func checkCanonical(t *testing.T, doc storage.Document) {
	t.Helper()
	if v, err := storage.Decode([]byte(doc)); err != nil || string(v) != string(doc) {
		t.Fatalf("%.500s is not canonical: %v", doc, err)
	}
}

// TestForeignIdentity: a document without identifier of its own shows its _id.
func TestForeignIdentity(t *testing.T) {
	for _, c := range []struct {
		stored  bson.D
		want    storage.Document
		foreign bool
	}{
		{bson.D{{Key: "_id", Value: someID}, {Key: "a", Value: 1}}, `{"a":1,"identifier":"` + someHex + `"}`, true},
		{bson.D{{Key: "_id", Value: "x\"y"}}, `{"identifier":"x\"y"}`, true},
		{bson.D{{Key: "_id", Value: 5.0}}, `{"identifier":"5"}`, true},
		{bson.D{{Key: "_id", Value: bson.D{{Key: "a", Value: 1}}}}, `{"identifier":"{\"a\":1}"}`, true},
		{bson.D{{Key: "identifier", Value: nil}, {Key: "_id", Value: "x"}, {Key: "a", Value: 1}}, `{"identifier":"x","a":1}`, true},
		{bson.D{{Key: "_id", Value: "x"}, {Key: "identifier", Value: ""}}, `{"identifier":"x"}`, true},
		{bson.D{{Key: "_id", Value: "x"}, {Key: "identifier", Value: 7}}, `{"identifier":"x"}`, true},
		{bson.D{{Key: "_id", Value: "x"}, {Key: "identifier", Value: "own"}, {Key: "_nw", Value: 5}}, `{"identifier":"own"}`, false},
		{bson.D{{Key: "a", Value: 1}}, `{"a":1,"identifier":""}`, true},
	} {
		r, err := decode(marshal(t, c.stored))
		if err != nil || r.doc != c.want || r.foreign != c.foreign || r.mark != nil {
			t.Errorf("%v is shown as %s, foreign %v, mark %v (%v)", c.stored, r.doc, r.foreign, r.mark, err)
		}
	}
}

func TestIDForms(t *testing.T) {
	for _, id := range []any{someID, "x", someHex, strings.ToUpper(someHex), int64(5), primitive.DateTime(1700000000000), ""} {
		kind, data, err := bson.MarshalValue(id)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, form := range idForms(shownID(bson.RawValue{Type: kind, Value: data})) {
			found = found || form == id
		}
		if !found {
			t.Errorf("%v is not among the forms of %s", id, shownID(bson.RawValue{Type: kind, Value: data}))
		}
	}
	if storedID(someHex) != someID || storedID("x") != "x" || storedID(strings.ToUpper(someHex)) != strings.ToUpper(someHex) {
		t.Error("a text is not stored as what is shown as it")
	}
}

// TestStoredForm: the fields in order, in the types in which Nightscout stores them, and the mark.
func TestStoredForm(t *testing.T) {
	m := mark{Rev: 3, Kind: "update", By: "x", Named: "n", Set: []string{"a", "b"}, Group: "g", Last: true, Time: 1700000000000}
	doc := storage.Document(`{"b":1,"a":[2147483648,-0,1.0,"é\u0001"],"identifier":"i","o":{"identifier":"kept","n":null,"t":true},"z":1e2}`)
	fields := bson.D{
		{Key: "_id", Value: someID}, {Key: "b", Value: int32(1)},
		{Key: "a", Value: bson.A{int64(2147483648), int32(0), 1.0, "é\x01"}}, {Key: "identifier", Value: "i"},
		{Key: "o", Value: bson.D{{Key: "identifier", Value: "kept"}, {Key: "n", Value: nil}, {Key: "t", Value: true}}},
		{Key: "z", Value: 100.0}, {Key: "_nw", Value: m},
	}
	raw, err := encode(doc, someID, true, m)
	if want := marshal(t, fields); err != nil || !bytes.Equal(raw, want) {
		t.Errorf("stored as %v (%v), want %v", raw, err, want)
	}
	r, err := decode(raw)
	if err != nil || r.mark == nil || r.mark.Group != m.Group || len(r.mark.Set) != 2 || r.id.ObjectID() != someID || r.foreign {
		t.Errorf("read as %+v (%v)", r, err)
	}
	raw, err = encode(doc, nil, false, mark{Rev: 1, Kind: "create", Group: "g"})
	if err != nil || raw.Lookup("_id").Type != 0 || raw.Lookup("identifier").Type != 0 || raw.Lookup("o", "identifier").Type == 0 {
		t.Errorf("a foreign document is stored as %v (%v)", raw, err)
	}
}

func TestRefusedByEncode(t *testing.T) {
	long := func(n int) storage.Document { return storage.Document(`{"a":"` + strings.Repeat("x", n) + `"}`) }
	empty, err := encode(long(0), nil, true, mark{})
	if err != nil {
		t.Fatal(err)
	}
	fits := maxSize - len(empty) - idSize
	for _, c := range []struct {
		doc  storage.Document
		want error
	}{
		{long(fits), nil}, {long(fits + 1), storage.ErrTooLarge},
		{`{"a":{"b\u0000":1}}`, storage.ErrInvalid}, {`{"\ud800":1}`, storage.ErrInvalid}, {`{"\\ud":1,"\u0001":2}`, nil},
	} {
		if _, err := encode(c.doc, nil, true, mark{}); !errors.Is(err, c.want) {
			t.Errorf("%.40s of %d bytes: %v, want %v", c.doc, len(c.doc), err, c.want)
		}
	}
}

// TestDeepForeignDocument: what is nested deeper than clients may is cut off.
func TestDeepForeignDocument(t *testing.T) {
	var v any = 1
	for range 500 {
		v = bson.A{bson.D{{Key: "a", Value: v}}}
	}
	r, err := decode(marshal(t, bson.D{{Key: "v", Value: v}}))
	if err != nil || !strings.Contains(string(r.doc), "null") {
		t.Errorf("%v: %s", err, r.doc)
	}
	checkCanonical(t, r.doc)
	wide := bson.D{}
	for i := range 3 * manyNames {
		wide = append(wide, bson.E{Key: strings.Repeat("k", i%(2*manyNames)), Value: i})
	}
	if r, err = decode(marshal(t, wide)); err != nil || len(r.doc.Fields()) != 2*manyNames+1 || r.doc.Get("") != "128" {
		t.Errorf("%v: %s", err, r.doc)
	}
}

// checkStored encodes and decodes a document: it is the same by value.
func checkStored(t *testing.T, doc storage.Document) {
	t.Helper()
	raw, err := encode(doc, "id", true, mark{Rev: 1})
	if errors.Is(err, storage.ErrInvalid) && strings.Contains(err.Error(), "field name") {
		return
	}
	if err == nil {
		err = raw.Validate()
	}
	r, derr := decode(raw)
	if err != nil || derr != nil {
		t.Fatalf("%s: %v, %v", doc, err, derr)
	}
	got := r.doc.Edit()
	if r.foreign {
		got.Delete("identifier")
		draft := doc.Edit()
		draft.Delete("identifier")
		doc = draft.Document()
	}
	if !storage.Value(got.Document()).Equal(storage.Value(doc)) {
		t.Fatalf("%s is read as %s", doc, got.Document())
	}
	checkCanonical(t, r.doc)
}

func TestWhatIsStoredIsRead(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		text, err := json.Marshal(randomObject(random, 4))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := storage.DecodeDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		checkStored(t, doc)
	}
}

func randomObject(random *rand.Rand, depth int) map[string]any {
	fields := map[string]any{}
	for range random.IntN(6) {
		fields[randomName(random)] = randomValue(random, depth)
	}
	return fields
}

func randomName(random *rand.Rand) string {
	letters := []rune("ab0 ._-\"\\/é€\u2028😀\n\t{}[]:,\u0001\ufffd")
	text := []rune("n")
	for range random.IntN(6) {
		text = append(text, letters[random.IntN(len(letters))])
	}
	return string(text)
}

func randomValue(random *rand.Rand, depth int) any {
	switch random.IntN(9) {
	case 0, 1:
		if depth > 0 {
			return randomObject(random, depth-1)
		}
		return map[string]any{}
	case 2:
		list := []any{}
		for range random.IntN(4) {
			list = append(list, randomValue(random, max(0, depth-1)))
		}
		return list
	case 3:
		return json.Number([]string{"0", "-0", "-0.0", "1.0", "1e2", "9223372036854775807", "-9223372036854775808", "9.3e18", "1e-7", "5e-324", "1.7e308"}[random.IntN(11)])
	case 4:
		return random.Int64() - random.Int64()
	case 5:
		return math.Ldexp(random.NormFloat64(), random.IntN(80)-30)
	case 6:
		return []any{nil, true, false}[random.IntN(3)]
	default:
		return randomName(random) + "\x00"
	}
}

func FuzzEncode(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":[1,{"b":"\ud800"}],"identifier":""}`, `{"\ud800":1,"_nw":1}`, `{"a":1e400}`, `{"a":-0.0,"b":9223372036854775807}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := storage.DecodeDocument([]byte(text))
		if err != nil || doc.Get("_id") != "" || doc.Get(markField) != "" {
			return
		}
		checkStored(t, doc)
	})
}

// FuzzDecode: no bytes are read beyond, panicked upon, or shown as what is not canonical JSON.
func FuzzDecode(f *testing.F) {
	for _, doc := range []bson.D{
		{{Key: "_id", Value: someID}, {Key: "_nw", Value: mark{Rev: 1, Set: []string{"a"}}}, {Key: "d", Value: time.UnixMilli(5)}},
		{{Key: "a", Value: bson.A{1, 2.5, "x", primitive.Regex{Pattern: "a", Options: "i"}}}, {Key: "a", Value: primitive.Binary{Subtype: 2, Data: []byte("ab")}}},
		{{Key: "c", Value: primitive.CodeWithScope{Code: "f()", Scope: bson.D{}}}, {Key: "p", Value: primitive.DBPointer{DB: "d", Pointer: someID}}},
		{{Key: "d", Value: primitive.NewDecimal128(0x3040000000000000, 5)}, {Key: "t", Value: primitive.Timestamp{T: 1}}, {Key: "u", Value: primitive.Undefined{}}},
	} {
		f.Add([]byte(marshal(f, doc)))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := decode(raw); err == nil {
			checkCanonical(t, r.doc)
			shownID(r.id)
		}
	})
}
