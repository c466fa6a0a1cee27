package directus

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// adjustment is what may stand in brackets after $NOW: an amount and a unit, which is days when none is named.
var adjustment = regexp.MustCompile(`^\(\s*([+-]?)\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]*)\s*\)$`)

// units are the units of time, by their singular names and short forms.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour,
	"": day, "d": day, "day": day, "w": 7 * day, "week": 7 * day,
}

const day = 24 * time.Hour

// months are the units that have no fixed length.
var months = map[string]int{"mo": 1, "mth": 1, "month": 1, "y": 12, "yr": 12, "year": 12}

// adjusted is the time moved as (-1 day) or the like says. It stays within the years 0 to 9999.
func adjusted(now time.Time, by string) (time.Time, bool) {
	if by == "" {
		return now, true
	}
	m := adjustment.FindStringSubmatch(strings.ToLower(by))
	if m == nil {
		return now, false
	}
	amount, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return now, false
	}
	if m[1] == "-" {
		amount = -amount
	}
	at, ok := moved(now.UTC(), amount, m[3])
	return at, ok && at.Year() >= 0 && at.Year() <= 9999
}

func moved(now time.Time, amount float64, unit string) (time.Time, bool) {
	if len(unit) > 2 {
		unit = strings.TrimSuffix(unit, "s")
	}
	if length, ok := units[unit]; ok {
		by := amount * float64(length)
		return now.Add(time.Duration(by)), math.Abs(by) < math.MaxInt64
	}
	n, ok := months[unit]
	return addMonths(now, int(amount)*n), ok
}

// addMonths goes to the same day of another month, or its last day when it has no such day.
func addMonths(t time.Time, n int) time.Time {
	there := t.AddDate(0, n, 0)
	if there.Day() != t.Day() {
		there = there.AddDate(0, 0, -there.Day())
	}
	return there
}
