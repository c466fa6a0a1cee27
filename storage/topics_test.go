package storage_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// topicHouse is Topics over a real engine and Guard, with an owner, somebody else and an administrator.
type topicHouse struct {
	*house
	*storage.Topics
	anna, otto, admin storage.Request
}

func newTopics(t *testing.T, o storage.TopicOptions) *topicHouse {
	t.Helper()
	h := newHouse(t, storage.Options{})
	return &topicHouse{
		h, storage.NewTopics(h.engine, h.guard, o),
		h.as("anna"), h.as("otto", "api:entries:create", "api:entries:read"), h.as("admin", "admin:topics:update"),
	}
}

// other is the door of another node.
func (h *topicHouse) other(o storage.TopicOptions) *storage.Topics {
	return storage.NewTopics(h.engine, h.guard, o)
}

func (h *topicHouse) made(r storage.Request, name string, p storage.TopicPermission) {
	h.t.Helper()
	if err := h.Topics.Create(h.t.Context(), r, name, p); err != nil {
		h.t.Fatalf("creating %q: %v", name, err)
	}
}

func (h *topicHouse) wants(what string, err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		h.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func names(list []storage.Topic) string {
	var all []string
	for _, topic := range list {
		all = append(all, topic.Name)
	}
	return strings.Join(all, " ")
}

// A topic is its creator's, is listed in order for those who may see it, and goes when its owner or an administrator says so.
func TestTopicsAreKept(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx := t.Context()
	h.made(h.otto, "rooms", storage.TopicEverybodys)
	h.made(h.anna, "room", storage.TopicOwners)
	h.made(h.anna, " Räume: 1/2 \u2028$.x", storage.TopicOwners)
	for _, c := range []struct {
		who  storage.Request
		want string
	}{
		{h.anna, " Räume: 1/2 \u2028$.x room rooms"}, {h.otto, "rooms"}, {h.admin, " Räume: 1/2 \u2028$.x room rooms"},
		{operator, " Räume: 1/2 \u2028$.x room rooms"},
	} {
		if list, err := h.List(ctx, c.who); err != nil || names(list) != c.want {
			t.Errorf("%s: %v, %v", c.who.Who.Name(), list, err)
		}
	}
	got, err := h.Get(ctx, h.anna, "room")
	if want := (storage.Topic{Name: "room", Owner: "anna", Permission: 16256}); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	h.wants("a second one", h.Topics.Create(ctx, h.otto, "room", 0), storage.ErrTaken)
	h.wants("another's", h.Destroy(ctx, h.otto, "room"), security.ErrForbidden)
	h.wants("everybody's", h.Destroy(ctx, h.anna, "rooms"), security.ErrForbidden)
	h.wants("one's own", h.Destroy(ctx, h.anna, "room"), nil)
	h.wants("again", h.Destroy(ctx, h.anna, "room"), storage.ErrNotFound)
	h.wants("by an administrator", h.Destroy(ctx, h.admin, "rooms"), nil)
	_, err = h.Get(ctx, h.anna, "room")
	h.wants("what was destroyed", err, storage.ErrNotFound)
	h.made(h.otto, "room", storage.TopicOwners)
	h.wants("by the owner before", h.Destroy(ctx, h.anna, "room"), security.ErrForbidden)
}

// Names of tables and of the program's own collections are no topics', whatever their capitals; bad names are none's.
func TestTopicsHaveNames(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{Collections: []storage.Collection{{Name: "Todo"}}})
	ctx := t.Context()
	for _, name := range []string{"Todo", "todo", "TODO", "user_account", "User_Account", "topics", "alarms", "counters", "user_meta", "auth_subjects", "auth_roles", "world"} {
		h.wants(name, h.Topics.Create(ctx, h.anna, name, 0), storage.ErrReserved)
	}
	for _, name := range []string{"", "a,b", "a\x00", "a\n", "\x7f", "\u0085", "\xff", strings.Repeat("ä", 65)} {
		err := h.Topics.Create(ctx, h.anna, name, 0)
		h.wants(fmt.Sprintf("%q", name), err, storage.ErrInvalid)
		if errors.Is(err, storage.ErrReserved) {
			t.Errorf("%q is reserved", name)
		}
		h.wants("destroying", h.Destroy(ctx, h.anna, name), storage.ErrNotFound)
		h.wants("publishing", h.Publish(ctx, h.anna, name, "{}"), storage.ErrNotFound)
	}
	h.made(h.anna, strings.Repeat("ä", 64), 0)
	for _, name := range []string{"Todo", "user_account"} {
		_, err := h.Get(ctx, h.admin, name)
		h.wants("table", err, storage.ErrReserved)
		h.wants("table", h.Destroy(ctx, h.admin, name), storage.ErrReserved)
		h.wants("table", h.SetPermission(ctx, h.admin, name, 0), storage.ErrReserved)
		if !h.Table(name) || h.Channel(name) != "table:"+name {
			t.Errorf("%s is no table", name)
		}
	}
	if h.Table("todo") || h.Channel("todo") != "topic:todo" {
		t.Error("todo is a table")
	}
	for _, p := range []storage.TopicPermission{-1, 1 << 22} {
		h.wants("permission", h.Topics.Create(ctx, h.anna, "x", p), storage.ErrInvalid)
		h.wants("permission", h.SetPermission(ctx, h.anna, "x", p), storage.ErrInvalid)
	}
}

// Each right is granted by everybody's bit and, to the owner, by the owner's; never by a group's. Administrators have all.
func TestTopicsBits(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx := t.Context()
	h.made(h.anna, "room", 0)
	for place := range 22 {
		permission := storage.TopicPermission(1) << place
		if err := h.SetPermission(ctx, h.anna, "room", permission); err != nil {
			t.Fatal(err)
		}
		for bit := range 7 {
			right := storage.TopicPermission(1) << bit
			everybodys := permission == right || permission == 1<<21 && right == storage.TopicExecute
			for _, c := range []struct {
				who  storage.Request
				want bool
			}{{h.anna, everybodys || permission == right<<7}, {h.otto, everybodys}, {h.admin, true}, {operator, true}, {storage.Request{}, false}} {
				var want error
				if !c.want {
					want = security.ErrForbidden
				}
				h.wants(fmt.Sprintf("%q on %d with %d", c.who.Who.Name(), right, permission), h.May(ctx, c.who.Who, "room", right), want)
			}
		}
	}
	h.made(operator, "operator's", storage.TopicOwners)
	h.wants("nameless, like the owner", h.May(ctx, h.guard.OpenIdentity(), "operator's", storage.TopicRead), security.ErrForbidden)
	h.wants("unknown", h.May(ctx, h.admin.Who, "nowhere", storage.TopicRead), storage.ErrNotFound)
	h.wants("the owner sees and changes in any case", h.SetPermission(ctx, h.anna, "room", 0), nil)
	_, err := h.Get(ctx, h.anna, "room")
	h.wants("the owner sees in any case", err, nil)
	_, err = h.Get(ctx, h.otto, "room")
	h.wants("others do not", err, security.ErrForbidden)
	h.wants("nor change", h.SetPermission(ctx, h.otto, "room", storage.TopicEverybodys), security.ErrForbidden)
	h.wants("whoever gave up destroying", h.Destroy(ctx, h.anna, "room"), security.ErrForbidden)
	h.wants("everybody's bit does not destroy", h.SetPermission(ctx, h.anna, "room", storage.TopicDelete), nil)
	h.wants("everybody's bit does not destroy", h.Destroy(ctx, h.otto, "room"), security.ErrForbidden)
}

// The rights to a table are those of its collection.
func TestTablesAreJudgedByTheirCollection(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{Collections: storage.Nightscout()})
	rights := map[string]storage.TopicPermission{
		"api:entries:read": storage.TopicRead | storage.TopicPeek, "api:entries:create": storage.TopicExecute,
		"api:entries:update": storage.TopicUpdate, "api:entries:delete": storage.TopicDelete,
	}
	for held := range rights {
		who := h.as("with "+held, held).Who
		for permission, right := range rights {
			var want error
			if permission != held {
				want = security.ErrForbidden
			}
			h.wants(held+" for "+permission, h.May(t.Context(), who, "entries", right), want)
		}
	}
	private := h.as("reader of settings", "api:settings:read").Who
	h.wants("a private table", h.May(t.Context(), private, "settings", storage.TopicRead), security.ErrForbidden)
	h.wants("subjects", h.May(t.Context(), h.otto.Who, "user_account", storage.TopicRead), security.ErrForbidden)
	h.wants("subjects", h.May(t.Context(), h.as("chief", "admin:api:subjects:read").Who, "user_account", storage.TopicRead), nil)
}

// Whoever shows no credential may nothing, though everybody may.
func TestTopicsAreNotForTheAnonymous(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx, nobody := t.Context(), storage.Request{}
	h.made(h.anna, "room", storage.TopicEverybodys)
	_, listed := h.List(ctx, nobody)
	_, got := h.Get(ctx, nobody, "room")
	for what, err := range map[string]error{
		"create": h.Topics.Create(ctx, nobody, "x", 0), "destroy": h.Destroy(ctx, nobody, "room"), "list": listed, "get": got,
		"set": h.SetPermission(ctx, nobody, "room", 0), "publish": h.Publish(ctx, nobody, "room", "{}"),
		"publish on a table": h.Publish(ctx, nobody, "entries", "{}"), "hear a table": h.May(ctx, nobody.Who, "entries", storage.TopicRead),
	} {
		h.wants(what, err, security.ErrForbidden)
	}
}

// However many create at once there are exactly as many topics as there may be, and what is destroyed makes room.
func TestTopicsAreLimited(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{Max: 15, MaxPerSubject: 4})
	ctx := t.Context()
	var everybody []storage.Request
	for i := range 5 {
		everybody = append(everybody, h.as(fmt.Sprintf("subject %d", i)))
	}
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			err := h.Topics.Create(ctx, everybody[i%5], fmt.Sprintf("room %d", i), storage.TopicEverybodys)
			if err != nil && !errors.Is(err, storage.ErrInvalid) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, err := h.List(ctx, h.admin)
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]int{}
	for _, topic := range list {
		owned[topic.Owner]++
	}
	if len(list) != 15 {
		t.Errorf("%d topics", len(list))
	}
	for owner, n := range owned {
		if n > 4 {
			t.Errorf("%s has %d topics", owner, n)
		}
	}
	h.wants("one too many", h.Topics.Create(ctx, h.admin, "more", 0), storage.ErrInvalid)
	h.wants("one that there is", h.Topics.Create(ctx, h.admin, list[0].Name, 0), storage.ErrTaken)
	if err := h.Destroy(ctx, h.admin, list[0].Name); err != nil {
		t.Fatal(err)
	}
	h.made(h.admin, "more", 0)
	h.wants("one too many", h.Topics.Create(ctx, h.admin, "and more", 0), storage.ErrInvalid)
}

// Of all who create one name at once, on two nodes, one has it; and whoever destroys it meanwhile is never another than its owner.
func TestTopicsHaveOneOwner(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx := t.Context()
	nodes := []*storage.Topics{h.Topics, h.other(storage.TopicOptions{})}
	who := []storage.Request{h.anna, h.otto}
	// mine counts what each subject created and has not destroyed.
	var mine [2]int
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for range 150 {
				node := nodes[random.IntN(2)]
				if random.IntN(2) == 0 {
					switch err := node.Create(ctx, who[i], "room", storage.TopicOwners); {
					case err == nil:
						mine[i]++
					case !errors.Is(err, storage.ErrTaken):
						t.Error(err)
					}
					continue
				}
				err := node.Destroy(ctx, who[i], "room")
				switch {
				case err == nil:
					mine[i]--
				case mine[i] > 0:
					t.Errorf("one's own: %v", err)
				case !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, security.ErrForbidden):
					t.Error(err)
				}
				if mine[i] < 0 || mine[i] > 1 {
					t.Errorf("owns %d topics of one name", mine[i])
				}
			}
		})
	}
	all.Wait()
	topic, err := h.Get(ctx, h.admin, "room")
	switch {
	case mine == [2]int{}:
		h.wants("nobody's", err, storage.ErrNotFound)
	case mine == [2]int{1, 0} && topic.Owner == "anna" || mine == [2]int{0, 1} && topic.Owner == "otto":
	default:
		t.Errorf("%v own %+v (%v)", mine, topic, err)
	}
}
