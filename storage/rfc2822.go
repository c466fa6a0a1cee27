package storage

import (
	"regexp"
	"strings"
	"time"
)

// rfc2822 has the groups: weekday, day, month, year, hour, minute, second, named zone, numeric zone.
var rfc2822 = regexp.MustCompile(`^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?` +
	`(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{2,4}) ` +
	`(\d\d):(\d\d)(?::(\d\d))? (?:(UT|GMT|[ECMP][SD]T|[Zz])|([+-]\d{4}))$`)

var (
	rfc2822Comment = regexp.MustCompile(`\([^()]*\)`)
	rfc2822Months  = "JanFebMarAprMayJunJulAugSepOctNovDec"
	// rfc2822Zones are the hours of the obsolete zones; all others that the grammar admits are UTC.
	rfc2822Zones = map[string]int{"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
)

// parseRFC2822 reads a date as mails and HTTP headers bear it. The weekday may be left out, but must not be wrong.
func parseRFC2822(text string) (moment, bool) {
	g := rfc2822.FindStringSubmatch(unfold(text))
	if g == nil {
		return moment{}, false
	}
	c := clock{
		year: fullYear(atoi(g[4])), month: strings.Index(rfc2822Months, g[3])/3 + 1, day: atoi(g[2]),
		hour: atoi(g[5]), minute: atoi(g[6]), second: atoi(g[7]),
	}
	if c.hour == 24 { // unlike ISO 8601
		return moment{}, false
	}
	offset := 60 * rfc2822Zones[g[8]]
	if g[9] != "" {
		offset = isoMinutes(g[9])
	}
	m, ok := c.moment(offset)
	if ok && g[1] != "" {
		day := time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC)
		ok = strings.HasPrefix(day.Weekday().String(), g[1])
	}
	return m, ok
}

// unfold leaves out comments and makes all white space single spaces.
func unfold(text string) string {
	return strings.Join(strings.FieldsFunc(rfc2822Comment.ReplaceAllString(text, " "), isSpace), " ")
}

// fullYear completes years of two and three digits as RFC 2822 says.
func fullYear(year int) int {
	switch {
	case year <= 49:
		return 2000 + year
	case year <= 999:
		return 1900 + year
	default:
		return year
	}
}
