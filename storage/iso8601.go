package storage

import (
	"regexp"
	"strconv"
	"time"
)

// The two forms of ISO 8601 that Nightscout's date library knows, with the same groups: year; month and day; week and
// weekday; week; day of the year; month; hour, minute, second, fraction; zone.
var (
	isoExtended = regexp.MustCompile(`^` + jsSpaces + `*([+-]\d{6}|\d{4})-` +
		`(?:(\d\d)-(\d\d)|W(\d\d)-(\d)|W(\d\d)|(\d\d\d)|(\d\d))` +
		`(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?` + isoZone + `)?$`)
	isoBasic = regexp.MustCompile(`^` + jsSpaces + `*([+-]\d{6}|\d{4})` +
		`(?:(\d\d)(\d\d)|W(\d\d)(\d)|W(\d\d)|(\d\d\d)|(\d\d)|)` +
		`(?:[T ](\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?` + isoZone + `)?$`)
)

const isoZone = `([+-]\d\d(?::?\d\d)?|` + jsSpaces + `*Z)?`

// The places of the groups.
const (
	isoYear = iota + 1
	isoMonth
	isoDay
	isoWeek
	isoWeekday
	isoWholeWeek
	isoOrdinal
	isoWholeMonth
	isoHour
	isoMinute
	isoSecond
	isoFraction
	isoOffset
)

// parseISO reads an ISO 8601 date, with or without time.
func parseISO(text string) (moment, bool) {
	g := isoExtended.FindStringSubmatch(text)
	if g == nil {
		g = isoBasic.FindStringSubmatch(text)
	}
	if g == nil {
		return moment{}, false
	}
	c, ok := isoDate(g)
	if !ok {
		return moment{}, false
	}
	c.hour, c.minute, c.second = atoi(g[isoHour]), atoi(g[isoMinute]), atoi(g[isoSecond])
	if g[isoFraction] != "" {
		fraction, _ := strconv.ParseFloat("0."+g[isoFraction], 64) // digits only: cannot fail
		c.milli = int(fraction * 1000)
	}
	return c.moment(isoMinutes(g[isoOffset]))
}

// isoDate is the day. Dates that are no day (a week, a month, a year) allow no time; signed years go with a month and a
// day only.
func isoDate(g []string) (c clock, ok bool) {
	year := atoi(g[isoYear])
	timed, signed := g[isoHour] != "", len(g[isoYear]) > 4
	switch {
	case g[isoMonth] != "":
		return clock{year: year, month: atoi(g[isoMonth]), day: atoi(g[isoDay])}, true
	case signed:
		return clock{}, false
	case g[isoWeek] != "":
		return weekDate(year, atoi(g[isoWeek]), atoi(g[isoWeekday]))
	case g[isoOrdinal] != "":
		return ordinalDate(year, atoi(g[isoOrdinal]))
	case timed:
		return clock{}, false
	case g[isoWholeWeek] != "":
		return weekDate(year, atoi(g[isoWholeWeek]), 1)
	case g[isoWholeMonth] != "":
		return clock{year: year, month: atoi(g[isoWholeMonth]), day: 1}, true
	default:
		return clock{year: year, month: 1, day: 1}, true
	}
}

// weekDate is a day of an ISO week; 4 January is always in week 1, 28 December always in the last one.
func weekDate(year, week, weekday int) (clock, bool) {
	_, last := time.Date(year, 12, 28, 0, 0, 0, 0, time.UTC).ISOWeek()
	if week < 1 || week > last || weekday < 1 || weekday > 7 {
		return clock{}, false
	}
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	monday := (int(fourth.Weekday()) + 6) % 7
	return dayOf(fourth.AddDate(0, 0, (week-1)*7+weekday-1-monday)), true
}

func ordinalDate(year, day int) (clock, bool) {
	if day < 1 || day > time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).YearDay() {
		return clock{}, false
	}
	return dayOf(time.Date(year, 1, day, 0, 0, 0, 0, time.UTC)), true
}

func dayOf(t time.Time) clock {
	return clock{year: t.Year(), month: int(t.Month()), day: t.Day()}
}

// isoMinutes is a zone such as +02:00, -0730, +05 or Z in minutes; none is UTC.
func isoMinutes(zone string) int {
	if zone == "" || zone[0] != '+' && zone[0] != '-' {
		return 0
	}
	minutes := 60 * atoi(zone[1:3])
	if len(zone) > 3 {
		minutes += atoi(zone[len(zone)-2:])
	}
	if zone[0] == '-' {
		return -minutes
	}
	return minutes
}

// atoi is the number that the digits of a match make, 0 for a group that did not take part.
func atoi(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
