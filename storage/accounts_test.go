package storage_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

const accountID = "0123456789abcdef01234567"

func openEngine(t *testing.T, dir string) *sqlite.Engine {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

func listed(t *testing.T, a *storage.Accounts, kind security.AccountKind) string {
	t.Helper()
	records, err := a.List(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range records {
		all = append(all, r.ID+string(r.JSON))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func mustPut(t *testing.T, a *storage.Accounts, kind security.AccountKind, id, text string) {
	t.Helper()
	if err := a.Put(t.Context(), kind, security.Record{ID: id, JSON: []byte(text)}); err != nil {
		t.Fatal(err)
	}
}

func TestAccountsAreKept(t *testing.T) {
	dir := t.TempDir()
	engine := openEngine(t, dir)
	a := storage.NewAccounts(engine)
	if got := listed(t, a, security.Subjects); got != "" {
		t.Errorf("a new database lists %s", got)
	}
	const text = `{"roles":["x"],"name":"n","big":9007199254740993,"extra":{"b":1,"a":2}}`
	mustPut(t, a, security.Subjects, accountID, `{"name":"before"}`)
	mustPut(t, a, security.Subjects, accountID, text)
	mustPut(t, a, security.Roles, accountID, `{"name":"role","identifier":"mine","srvModified":1}`)
	mustPut(t, a, security.Roles, "aaaaaaaaaaaaaaaaaaaaaaaa", `{"name":"second"}`)
	stored, err := engine.Get(t.Context(), storage.SubjectsCollection, storage.Key{Identifier: accountID})
	if want := storage.Document(strings.TrimSuffix(text, "}") + `,"identifier":"` + accountID + `"}`); err != nil || !stored.Foreign || stored.Document != want {
		t.Errorf("stored as %+v, %v", stored, err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	a = storage.NewAccounts(openEngine(t, dir))
	if got := listed(t, a, security.Subjects); got != accountID+text {
		t.Errorf("subjects %s", got)
	}
	if got, want := listed(t, a, security.Roles), accountID+`{"name":"role"}`+"\naaaaaaaaaaaaaaaaaaaaaaaa"+`{"name":"second"}`; got != want {
		t.Errorf("roles %s", got)
	}
}

func TestAccountsAreDeleted(t *testing.T) {
	a := storage.NewAccounts(openEngine(t, t.TempDir()))
	mustPut(t, a, security.Subjects, accountID, `{"name":"n"}`)
	for range 2 {
		if err := a.Delete(t.Context(), security.Roles, accountID); err != nil {
			t.Errorf("unknown role: %v", err)
		}
	}
	if listed(t, a, security.Subjects) == "" {
		t.Error("deleting a role deleted the subject of the same _id")
	}
	for range 2 {
		if err := a.Delete(t.Context(), security.Subjects, accountID); err != nil {
			t.Error(err)
		}
	}
	if got := listed(t, a, security.Subjects); got != "" {
		t.Errorf("left %s", got)
	}
}

// A subject that Nightscout wrote has an _id and no identifier.
func TestAccountsOfNightscout(t *testing.T) {
	engine := openEngine(t, t.TempDir())
	_, err := engine.Apply(t.Context(), storage.Write{Collection: storage.SubjectsCollection,
		Decide: func(*storage.Stored, int64) (storage.Next, error) {
			return storage.Next{Kind: storage.Create, Document: `{"name":"old","roles":["readable"]}`, ID: accountID}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	a := storage.NewAccounts(engine)
	if got := listed(t, a, security.Subjects); got != accountID+`{"name":"old","roles":["readable"]}` {
		t.Errorf("listed as %s", got)
	}
	mustPut(t, a, security.Subjects, accountID, `{"name":"new"}`)
	if got := listed(t, a, security.Subjects); got != accountID+`{"name":"new"}` {
		t.Errorf("replaced as %s", got)
	}
	if err := a.Delete(t.Context(), security.Subjects, accountID); err != nil || listed(t, a, security.Subjects) != "" {
		t.Errorf("not deleted: %v", err)
	}
}

// An account that an earlier version stored has an identifier of its own, and keeps it.
func TestAccountsOfEarlierVersions(t *testing.T) {
	engine := openEngine(t, t.TempDir())
	_, err := engine.Apply(t.Context(), storage.Write{Collection: storage.SubjectsCollection,
		Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
			doc := fmt.Sprintf(`{"name":"old","identifier":"%s","srvModified":%d}`, accountID, now)
			return storage.Next{Kind: storage.Create, Document: storage.Document(doc), ID: accountID}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	a := storage.NewAccounts(engine)
	if got := listed(t, a, security.Subjects); got != accountID+`{"name":"old"}` {
		t.Errorf("listed as %s", got)
	}
	mustPut(t, a, security.Subjects, accountID, `{"name":"new"}`)
	if got := listed(t, a, security.Subjects); got != accountID+`{"name":"new"}` {
		t.Errorf("replaced as %s", got)
	}
	stored, err := engine.Get(t.Context(), storage.SubjectsCollection, storage.Key{Identifier: accountID})
	if err != nil || stored.Foreign {
		t.Errorf("stored as %+v, %v", stored, err)
	}
	if err := a.Delete(t.Context(), security.Subjects, accountID); err != nil || listed(t, a, security.Subjects) != "" {
		t.Errorf("not deleted: %v", err)
	}
}

// failing is an engine that fails in one way.
type failing struct {
	storage.Engine
	err error
}

func (f failing) Apply(context.Context, ...storage.Write) ([]storage.Change, error) {
	return nil, f.err
}

func (f failing) Find(context.Context, string, storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) { yield("", f.err) }
}

func TestAccountErrors(t *testing.T) {
	internal := errors.New("internal")
	for _, c := range []struct{ err, want error }{
		{&storage.Error{Kind: storage.ErrUnavailable}, security.ErrUnavailable},
		{&storage.Error{Kind: storage.ErrConflict}, security.ErrUnavailable},
		{&storage.Error{Kind: storage.ErrTooLarge}, security.ErrInvalid},
		{storage.ErrInvalid, security.ErrInvalid},
		{storage.Invalid("no"), security.ErrInvalid},
		{internal, internal},
	} {
		a := storage.NewAccounts(failing{err: c.err})
		_, list := a.List(t.Context(), security.Roles)
		put := a.Put(t.Context(), security.Roles, security.Record{ID: accountID, JSON: []byte(`{}`)})
		remove := a.Delete(t.Context(), security.Roles, accountID)
		for name, err := range map[string]error{"List": list, "Put": put, "Delete": remove} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s with %v: %v", name, c.err, err)
			}
		}
	}
	var invalid *security.Invalid
	err := storage.NewAccounts(failing{}).Put(t.Context(), security.Roles, security.Record{ID: accountID, JSON: []byte(`{"$x":1}`)})
	if !errors.As(err, &invalid) || invalid.Message != "Field name $x must not start with $" {
		t.Errorf("a name that no document may have: %v", err)
	}
}
