package storage

import (
	"fmt"
	"math"
	"time"
)

// MinDate is 2000-01-01 in ms, the least time that a document may bear. Smaller numbers are taken as seconds.
const MinDate = 946684800000

// maxDate is the greatest time that JavaScript, and so every client, can represent: the year 275760.
const maxDate = 8_640_000_000_000_000

// moment is a point in time as a client wrote it.
type moment struct {
	ms     int64
	offset int  // minutes east of UTC; 0 when the text named no zone
	number bool // it was a number, which has no zone of its own
}

// ParseDate reads a date by the rules of spec nightscout-v3 §2: a number (also as a string) of ms or seconds since 1970, a
// string in ISO 8601 or RFC 2822, without zone UTC, or the first of these in an array; not before 2000. The result is in ms
// since 1970; the offset that the text named is in minutes east of UTC.
func ParseDate(v Value) (ms int64, offset int, ok bool) {
	m, ok := parseValue(v)
	return m.ms, m.offset, ok
}

// ISODate is a time in ms since 1970 as created_at shows it: ISO 8601 in UTC with ms, years beyond 9999 or before 0 signed
// and with six digits.
func ISODate(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if year := t.Year(); year > 9999 || year < 0 {
		return fmt.Sprintf("%+07d", year) + t.Format("-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// parseValue reads a field of a document; of an array the first element that is a date.
func parseValue(v Value) (moment, bool) {
	switch v.Type() {
	case Number:
		return parseNumber(v.Float())
	case String:
		return parseText(v.Text())
	case Array:
		for e := range v.Elements() {
			if m, ok := parseValue(e); ok {
				return m, true
			}
		}
	}
	return moment{}, false
}

func parseText(text string) (moment, bool) {
	if n := JSNumber(text); !math.IsNaN(n) {
		return parseNumber(n)
	}
	m, ok := parseISO(text)
	if !ok {
		m, ok = parseRFC2822(text)
	}
	if !ok || m.ms < MinDate || m.ms > maxDate {
		return moment{}, false
	}
	return m, true
}

func parseNumber(n float64) (moment, bool) {
	if n < MinDate {
		n = math.Trunc(n) * 1000
	}
	if !(n >= MinDate && n <= maxDate) {
		return moment{}, false
	}
	return moment{ms: int64(n), number: true}, true
}

// clock is a date and time of day in parts, as the parsers found it.
type clock struct{ year, month, day, hour, minute, second, milli int }

// moment is the point in time, when the parts make one: no 30 February; 24:00 is the end of the day.
func (c clock) moment(offset int) (moment, bool) {
	switch {
	case c.month < 1 || c.month > 12, c.day < 1 || c.day > daysIn(c.year, c.month):
		return moment{}, false
	case c.minute > 59, c.second > 59, c.hour > 24, c.hour == 24 && (c.minute != 0 || c.second != 0 || c.milli != 0):
		return moment{}, false
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.milli*1e6, time.UTC)
	return moment{ms: t.UnixMilli() - int64(offset)*60_000, offset: offset}, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dateFields puts what the date of a document says into date (ms), utcOffset (minutes, unless the client gave one) and
// created_at (ISO). The first of date and created_at that is a date counts; without any the document stays as it is,
// and validation will refuse it.
func (d *Documents) dateFields(doc *Draft) {
	m, ok := parseValue(doc.Get("date"))
	if !ok && !d.options.NoCreatedAtFallback {
		m, ok = parseValue(doc.Get("created_at"))
	}
	if !ok {
		return
	}
	doc.Set("date", IntValue(m.ms))
	if doc.Get("utcOffset") == "" {
		doc.Set("utcOffset", IntValue(int64(d.offset(m))))
	}
	if d.options.NoCreatedAtFallback {
		doc.Delete("created_at")
		return
	}
	doc.Set("created_at", StringValue(ISODate(m.ms)))
}

// offset is the zone of a moment in minutes; a number has the server's zone at that time.
func (d *Documents) offset(m moment) int {
	if !m.number {
		return m.offset
	}
	_, seconds := time.UnixMilli(m.ms).In(d.options.Zone).Zone()
	return seconds / 60
}
