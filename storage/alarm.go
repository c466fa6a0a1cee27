package storage

import (
	"strings"
	"unicode/utf8"
)

// Level is how grave an alarm is.
type Level int

// The levels. There are no others.
const (
	Info Level = iota
	Warn
	Urgent
)

// levelNames are how a sender may write levels instead of numbers, in any case.
var levelNames = [...]string{Info: "info", Warn: "warn", Urgent: "urgent"}

// known tells whether there is such a level.
func (l Level) known() bool { return l >= Info && l <= Urgent }

const (
	defaultGroup = "default"
	maxGroup     = 64 // characters
	// maxAlarm is how many bytes of JSON text an alarm may have: each goes to every listener.
	maxAlarm = 32 << 10
)

// alarm is a checked notification on its way to the listeners.
type alarm struct {
	level        Level
	group        string
	event        string   // its name on the channel
	clear        bool     // it ends alarms
	announcement bool     // it is for people to read
	notification Document // as sent, with every field that clients read
}

// parseAlarm checks what a sender wrote. Fields without a meaning here are passed on. Errors: ErrInvalid, ErrTooLarge.
func parseAlarm(doc Document) (a alarm, err error) {
	if isEmpty(doc) {
		return a, errNoBody()
	}
	if len(doc) > maxAlarm {
		return a, &Error{Kind: ErrTooLarge, Message: "Alarm too large"}
	}
	if a.clear, err = flag(doc, "clear"); err != nil {
		return a, err
	}
	if a.announcement, err = flag(doc, "isAnnouncement"); err != nil {
		return a, err
	}
	if a.level, err = a.levelIn(doc); err != nil {
		return a, err
	}
	if a.group, err = groupIn(doc); err != nil {
		return a, err
	}
	a.event = a.eventName()
	a.notification, err = a.completed(doc)
	return a, err
}

// flag is a field that is true, false or not there.
func flag(doc Document, name string) (bool, error) {
	switch v := doc.Get(name); v.Type() {
	case Absent, Null:
		return false, nil
	case Bool:
		return v == "true", nil
	default:
		return false, Invalid("Bad %s field", name)
	}
}

// levelIn is the level of a notification. Only alarms must have one.
func (a *alarm) levelIn(doc Document) (Level, error) {
	v := doc.Get("level")
	if (a.clear || a.announcement) && (v.Type() == Absent || v.Type() == Null) {
		return Info, nil
	}
	for level, name := range levelNames {
		if strings.EqualFold(v.Text(), name) {
			return Level(level), nil
		}
	}
	if n, ok := v.Int(); ok && n >= int64(Info) && n <= int64(Urgent) {
		return Level(n), nil
	}
	return Info, Invalid("Bad or missing level field")
}

func groupIn(doc Document) (string, error) {
	v := doc.Get("group")
	switch v.Type() {
	case Absent, Null:
		return defaultGroup, nil
	case String:
		return groupNamed(v.Text())
	default:
		return "", errGroup()
	}
}

// groupNamed is the group of that name; nameless is the default one.
func groupNamed(name string) (string, error) {
	if name == "" {
		return defaultGroup, nil
	}
	if utf8.RuneCountInString(name) > maxGroup {
		return "", errGroup()
	}
	return name, nil
}

func errGroup() error { return Invalid("Bad group field") }

// eventName is under which name the notification leaves (spec nightscout-v3 §4).
func (a *alarm) eventName() string {
	switch {
	case a.clear:
		return "clear_alarm"
	case a.announcement:
		return "announcement"
	case a.level == Warn:
		return "alarm"
	case a.level == Urgent:
		return "urgent_alarm"
	default:
		return "notification"
	}
}

// completed is the notification with the fields that clients read: level, group, title and message.
func (a *alarm) completed(doc Document) (Document, error) {
	d := doc.Edit()
	d.Set("level", IntValue(int64(a.level)))
	d.Set("group", StringValue(a.group))
	for _, name := range [...]string{"title", "message", "eventName"} {
		if t := d.Get(name).Type(); t != String && t != Absent && t != Null {
			return "", Invalid("Bad %s field", name)
		}
	}
	if d.Get("title").Text() == "" {
		if !a.clear {
			return "", Invalid("Bad or missing title field")
		}
		d.Set("title", StringValue(clearTitle))
	}
	if d.Get("message").Type() != String {
		d.Set("message", StringValue(""))
	}
	if d.Get("eventName").Type() == Null {
		d.Delete("eventName")
	}
	return d.Document(), nil
}
