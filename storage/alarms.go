package storage

import (
	"context"
	"errors"
	"time"

	"nightwire/security"
)

// AlarmsCollection is the reserved collection of alarms. No face lists it; each change of it is one event of /alarm (Told).
const AlarmsCollection = "alarms"

// The permissions of alarms.
const (
	SendAlarms security.Permission = "notifications:*:send"
	AckAlarms  security.Permission = "notifications:*:ack"
	HearAlarms security.Permission = "api:*:read" // of listeners who show no access token
)

// stateIdentifier names the one document of the collection: what is silenced, and the notification of its last change.
const stateIdentifier = "state"

const clearTitle = "All Clear"

// The ways in which a write of alarms turns out to have nothing to tell. They never leave this package.
var (
	errSilenced = errors.New("silenced")
	errNoLonger = errors.New("silenced as long already")
)

// Alarms is the only door to alarms: it tells notifications to the listeners, through the journal, and remembers what has
// been silenced. There is one document for all of it, so nothing accumulates, and of an alarm and an acknowledgement at the
// same time one is first.
type Alarms struct {
	engine Engine
	guard  Guard
}

// NewAlarms keeps alarms in the engine.
func NewAlarms(engine Engine, guard Guard) *Alarms { return &Alarms{engine, guard} }

// Send tells a notification to the listeners. It has level (0 to 2, or info, warn, urgent), title, message, group
// ("default"), eventName, isAnnouncement, clear and further fields, which are passed on; alarms must have level and title,
// announcements title, and nothing is required of what clears. An alarm of a level and group that is silenced is kept back.
// Errors: ErrInvalid, ErrTooLarge, *security.Forbidden, ErrUnavailable.
func (a *Alarms) Send(ctx context.Context, r Request, notification Document) (silenced bool, err error) {
	if err := a.guard.Check(ctx, r.Who, SendAlarms); err != nil {
		return false, err
	}
	sent, err := parseAlarm(notification)
	if err != nil {
		return false, err
	}
	err = a.apply(ctx, r, sent.decide)
	if errors.Is(err, errSilenced) {
		return true, nil
	}
	return false, err
}

func (a *alarm) decide(stored *Stored, now int64) (Next, error) {
	silenced := silencesIn(stored, now)
	if !a.clear && !a.announcement && silenced.over(a.group, a.level) {
		return Next{}, errSilenced
	}
	return silenced.next(stored, now, a.event, a.notification)
}

// Ack says that alarms of a level and group ("": the default one) have been noticed: it clears them at all listeners, and
// keeps back further ones for a time (0 or less: 30 minutes; at most 24 hours). Whoever acknowledges urgent ones means
// warnings too. What is silenced as long already stays so, and nothing is told. Errors: ErrInvalid, *security.Forbidden,
// ErrUnavailable.
func (a *Alarms) Ack(ctx context.Context, r Request, level Level, group string, silence time.Duration) error {
	if err := a.guard.Check(ctx, r.Who, AckAlarms); err != nil {
		return err
	}
	group, err := groupNamed(group)
	if err != nil {
		return err
	}
	if !level.known() {
		return Invalid("Bad or missing level field")
	}
	if silence <= 0 {
		silence = defaultSilence
	}
	done := acknowledgement{level, group, min(silence, maxSilence)}
	if err := a.apply(ctx, r, done.decide); !errors.Is(err, errNoLonger) {
		return err
	}
	return nil
}

// acknowledgement is a checked Ack.
type acknowledgement struct {
	level   Level
	group   string
	silence time.Duration
}

func (a acknowledgement) decide(stored *Stored, now int64) (Next, error) {
	until := now + a.silence.Milliseconds()
	silenced, longer := silencesIn(stored, now).extend(a.group, a.level, until)
	if a.level == Urgent {
		var warnings bool
		silenced, warnings = silenced.extend(a.group, Warn, until)
		longer = longer || warnings
	}
	if !longer {
		return Next{}, errNoLonger
	}
	if len(silenced) > maxSilences {
		return Next{}, Invalid("Too many groups are silenced")
	}
	return silenced.next(stored, now, "clear_alarm", a.notification())
}

// notification tells listeners that they may stop.
func (a acknowledgement) notification() Document {
	d := &Draft{}
	d.Set("clear", BoolValue(true))
	d.Set("level", IntValue(int64(a.level)))
	d.Set("group", StringValue(a.group))
	d.Set("title", StringValue(clearTitle))
	d.Set("message", StringValue(a.group+": "+levelNames[a.level]+" acknowledged"))
	return d.Document()
}

// next is the state with the event that this change of it is.
func (all silences) next(stored *Stored, now int64, event string, notification Document) (Next, error) {
	n := notification.Edit()
	if n.Get("timestamp") == "" {
		n.Set("timestamp", IntValue(now))
	}
	d := &Draft{}
	d.Set("identifier", StringValue(stateIdentifier))
	d.Set("srvModified", IntValue(now))
	d.Set("silenced", all.value())
	d.Set("event", StringValue(event))
	d.Set("notification", Value(n.Document()))
	kind := Update
	if stored == nil {
		kind = Create
	}
	return Next{Kind: kind, Document: d.Document()}, nil
}

// Told is the event of /alarm that a change of AlarmsCollection is: its name and the notification, complete as it is sent.
// The name is "" when the change has nothing to tell.
func Told(c Change) (event string, notification Value) {
	return c.After.Get("event").Text(), c.After.Get("notification")
}

// apply changes the state.
func (a *Alarms) apply(ctx context.Context, r Request, decide func(*Stored, int64) (Next, error)) error {
	_, err := a.engine.Apply(ctx, r.sign(Write{
		Collection: AlarmsCollection, Key: Key{Identifier: stateIdentifier}, Decide: decide,
	}))
	return err
}
