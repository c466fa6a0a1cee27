package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nightwire/security"
)

const (
	// TopicsCollection is the reserved collection of topics: a document for each, called as it is. No face shows it.
	TopicsCollection = "topics"
	// SubjectsTopic is the topic of the subjects' changes. It is a table like any collection.
	SubjectsTopic = "user_account"
	// AdministerTopics is the permission to do everything with everybody's topics.
	AdministerTopics security.Permission = "admin:topics:update"
)

// reservedTopics are names, in lower case, that no topic may have though no table is called so.
var reservedTopics = []string{AlarmsCollection, CountersCollection, TopicsCollection, MetaCollection, SubjectsCollection, RolesCollection,
	"world"}

const (
	defaultMaxTopics           = 10_000
	defaultMaxTopicsPerSubject = 100
)

// TopicOptions are the operator's choices.
type TopicOptions struct {
	Collections   []Collection // those that are served: each is a table, and its name no topic's; nil: Nightscout's
	Max           int          // how many topics there may be; 0: 10,000
	MaxPerSubject int          // how many topics one subject may have created; 0: 100
}

// Topics is the only door to topics: it keeps them as documents, so that they outlive restarts and are the same on all nodes,
// and tells messages to their listeners. Of what is a table (a collection, or SubjectsTopic) it knows who may hear and publish
// messages there; its documents are Documents' affair. All its errors are errors of this package or *security.Forbidden and
// errors of Guard.Check; who is anonymous is forbidden everything.
type Topics struct {
	engine   Engine
	guard    Guard
	options  TopicOptions
	tables   map[string]table
	creating chan struct{} // holds one token while somebody creates a topic
}

// NewTopics keeps topics in the engine.
func NewTopics(engine Engine, guard Guard, o TopicOptions) *Topics {
	if o.Collections == nil {
		o.Collections = Nightscout()
	}
	o.Max = cmp.Or(o.Max, defaultMaxTopics)
	o.MaxPerSubject = cmp.Or(o.MaxPerSubject, defaultMaxTopicsPerSubject)
	return &Topics{engine, guard, o, tablesOf(o.Collections), make(chan struct{}, 1)}
}

// Table tells whether a name is a table's. That includes tables that the asker may not see.
func (t *Topics) Table(name string) bool {
	_, ok := t.tables[name]
	return ok
}

// Create makes a topic that is the requester's. Errors: ErrReserved, ErrTaken (there is one), ErrInvalid (the name, the
// permission, or there are too many topics), security.ErrForbidden (anonymous), ErrUnavailable.
func (t *Topics) Create(ctx context.Context, r Request, name string, permission TopicPermission) error {
	if err := cmp.Or(authenticated(r.Who), t.checkName(name), permission.check()); err != nil {
		return err
	}
	select {
	case t.creating <- struct{}{}:
		defer func() { <-t.creating }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	topic := Topic{name, r.Who.Name(), permission}
	if err := t.checkRoom(ctx, topic); err != nil {
		return err
	}
	return t.apply(ctx, r, name, func(stored *Stored, now int64) (Next, error) {
		if stored != nil {
			return Next{}, errTopicExists()
		}
		return Next{Kind: Create, Document: topic.stored(now)}, nil
	})
}

// Destroy removes a topic. That is for its owner, as long as the bits permit it, and for administrators. Errors: ErrReserved
// (a table), ErrNotFound, security.ErrForbidden, ErrUnavailable.
func (t *Topics) Destroy(ctx context.Context, r Request, name string) error {
	may := func(topic Topic) bool { return topic.owned(r.Who) && topic.grants(r.Who, TopicDelete) }
	return t.change(ctx, r, name, may, func(Topic, int64) Next { return Next{Kind: Delete} })
}

// SetPermission changes who may do what with a topic, from the next message on. That is for its owner and for
// administrators. Errors: ErrReserved (a table), ErrInvalid (the permission), ErrNotFound, security.ErrForbidden,
// ErrUnavailable.
func (t *Topics) SetPermission(ctx context.Context, r Request, name string, permission TopicPermission) error {
	if err := permission.check(); err != nil {
		return err
	}
	may := func(topic Topic) bool { return topic.owned(r.Who) }
	return t.change(ctx, r, name, may, func(topic Topic, now int64) Next {
		topic.Permission = permission
		return Next{Kind: Update, Document: topic.stored(now)}
	})
}

// Get is the topic of that name, for those who may peek at it and for its owner. Errors: ErrReserved (a table), ErrNotFound,
// security.ErrForbidden, ErrUnavailable.
func (t *Topics) Get(ctx context.Context, r Request, name string) (Topic, error) {
	if t.Table(name) {
		return Topic{}, errReserved()
	}
	topic, err := t.find(ctx, name)
	if err != nil {
		return Topic{}, err
	}
	if topic.owned(r.Who) {
		return topic, nil
	}
	return topic, t.judge(ctx, r.Who, topic, TopicPeek)
}

// List are the topics that the requester may peek at or owns, ordered by name. Errors: security.ErrForbidden (anonymous),
// ErrUnavailable.
func (t *Topics) List(ctx context.Context, r Request) ([]Topic, error) {
	admin, err := t.isAdmin(ctx, r.Who)
	if err != nil {
		return nil, err
	}
	var list []Topic
	for doc, err := range t.engine.Find(ctx, TopicsCollection, Query{}) {
		if err != nil {
			return nil, err
		}
		topic := topicIn(doc)
		if visible := admin || topic.owned(r.Who) || topic.grants(r.Who, TopicPeek); visible && !t.Table(topic.Name) {
			list = append(list, topic)
		}
	}
	slices.SortFunc(list, func(a, b Topic) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// May tells whether somebody has the rights (TopicPeek and so on) to a topic or table. Of a table these are the rights of its
// collection. It asks the engine: it is for a request, not for each message (Hears). Errors: ErrNotFound,
// security.ErrForbidden, ErrUnavailable.
func (t *Topics) May(ctx context.Context, who security.Identity, name string, rights TopicPermission) error {
	if err := authenticated(who); err != nil {
		return err
	}
	if table, ok := t.tables[name]; ok {
		return table.judge(ctx, t.guard, who, rights)
	}
	topic, err := t.find(ctx, name)
	if err != nil {
		return err
	}
	return t.judge(ctx, who, topic, rights)
}

// judge is nil when the bits permit the rights, or to administrators.
func (t *Topics) judge(ctx context.Context, who security.Identity, topic Topic, rights TopicPermission) error {
	if err := authenticated(who); err != nil || topic.grants(who, rights) {
		return err
	}
	return t.guard.Check(ctx, who, AdministerTopics)
}

func (t *Topics) isAdmin(ctx context.Context, who security.Identity) (bool, error) {
	if err := authenticated(who); err != nil {
		return false, err
	}
	err := t.guard.Check(ctx, who, AdministerTopics)
	if errors.Is(err, security.ErrForbidden) {
		return false, nil
	}
	return err == nil, err
}

func authenticated(who security.Identity) error {
	if who == security.Anonymous() {
		return fmt.Errorf("topics are for the authenticated: %w", security.ErrForbidden)
	}
	return nil
}

func (t *Topics) find(ctx context.Context, name string) (Topic, error) {
	if checkTopicName(name) != nil {
		return Topic{}, errNoTopic()
	}
	stored, err := t.engine.Get(ctx, TopicsCollection, Key{Identifier: name})
	if err != nil {
		return Topic{}, err
	}
	return topicIn(stored.Document), nil
}

// change changes a topic that is there, for administrators and for whom may permits it.
func (t *Topics) change(ctx context.Context, r Request, name string, may func(Topic) bool, next func(Topic, int64) Next) error {
	if t.Table(name) {
		return errReserved()
	}
	admin, err := t.isAdmin(ctx, r.Who)
	if err != nil {
		return err
	}
	if checkTopicName(name) != nil {
		return errNoTopic()
	}
	return t.apply(ctx, r, name, func(stored *Stored, now int64) (Next, error) {
		if stored == nil {
			return Next{}, errNoTopic()
		}
		topic := topicIn(stored.Document)
		if !admin && !may(topic) {
			return Next{}, &security.Forbidden{Permission: AdministerTopics}
		}
		return next(topic, now), nil
	})
}

func (t *Topics) apply(ctx context.Context, r Request, name string, decide func(*Stored, int64) (Next, error)) error {
	_, err := t.engine.Apply(ctx, r.sign(Write{Collection: TopicsCollection, Key: Key{Identifier: name}, Decide: decide}))
	return err
}

// checkName refuses the names that no topic can have. Capitals make no difference to what is reserved.
func (t *Topics) checkName(name string) error {
	lower := strings.ToLower(name)
	if slices.Contains(reservedTopics, lower) {
		return errReserved()
	}
	for table := range t.tables {
		if strings.ToLower(table) == lower {
			return errReserved()
		}
	}
	return checkTopicName(name)
}

// checkRoom refuses a topic when there are too many. On one node that is exact, because topics are created one after the
// other; each further node can be beyond by the one that it is creating.
func (t *Topics) checkRoom(ctx context.Context, topic Topic) error {
	all, owned := 0, 0
	for doc, err := range t.engine.Find(ctx, TopicsCollection, Query{}) {
		if err != nil {
			return err
		}
		other := topicIn(doc)
		if other.Name == topic.Name {
			return errTopicExists()
		}
		if all++; other.Owner == topic.Owner {
			owned++
		}
	}
	switch {
	case owned >= t.options.MaxPerSubject:
		return Invalid("You have %d topics already", owned)
	case all >= t.options.Max:
		return Invalid("There are %d topics already", all)
	default:
		return nil
	}
}

func errTopicExists() error { return &Error{Kind: ErrTaken, Message: "There is such a topic already"} }
func errNoTopic() error     { return &Error{Kind: ErrNotFound, Message: "There is no such topic"} }
func errReserved() error    { return &Error{Kind: ErrReserved, Message: "This name is reserved"} }
