package storage

import (
	"slices"
	"time"
)

const (
	// defaultSilence is for how long an acknowledgement silences that names no time.
	defaultSilence = 30 * time.Minute
	maxSilence     = 24 * time.Hour
	// maxSilences bounds the one document in which they are kept.
	maxSilences = 256
)

// silence keeps alarms of one group and level back until a time.
type silence struct {
	group string
	level Level
	until int64 // ms
}

// silences are those in force.
type silences []silence

// silencesIn are those of a stored state that are not over.
func silencesIn(stored *Stored, now int64) (all silences) {
	if stored == nil {
		return nil
	}
	for v := range stored.Document.Get("silenced").Elements() {
		level, _ := v.Get("level").Int()
		until, _ := v.Get("until").Int()
		if until > now {
			all = append(all, silence{v.Get("group").Text(), Level(level), until})
		}
	}
	return all
}

// over tells whether alarms of that group and level are to be kept back.
func (all silences) over(group string, level Level) bool {
	return slices.ContainsFunc(all, func(s silence) bool { return s.group == group && s.level == level })
}

// extend silences until that time unless they are silenced longer already; longer is false then.
func (all silences) extend(group string, level Level, until int64) (extended silences, longer bool) {
	i := slices.IndexFunc(all, func(s silence) bool { return s.group == group && s.level == level })
	switch {
	case i < 0:
		return append(all, silence{group, level, until}), true
	case all[i].until >= until:
		return all, false
	default:
		all[i].until = until
		return all, true
	}
}

func (all silences) value() Value {
	var list []Value
	for _, s := range all {
		d := &Draft{}
		d.Set("group", StringValue(s.group))
		d.Set("level", IntValue(int64(s.level)))
		d.Set("until", IntValue(s.until))
		list = append(list, Value(d.Document()))
	}
	return arrayOf(list)
}
