package v3

import (
	"net/http"
	"regexp"
	"strings"
)

var noCache = regexp.MustCompile(`(?:^|,)\s*no-cache\s*(?:,|$)`)

// fresh tells whether the client has the answer already (spec §1, Freshness): the answer's ETag is among those of
// If-None-Match, or that is *, and the answer is not newer than If-Modified-Since. Both must hold where both are given.
func fresh(asked, answer http.Header) bool {
	none, since := asked.Get("If-None-Match"), asked.Get("If-Modified-Since")
	if none == "" && since == "" || noCache.MatchString(asked.Get("Cache-Control")) {
		return false
	}
	if none != "" && none != "*" && !matches(none, answer.Get("ETag")) {
		return false
	}
	if since == "" {
		return true
	}
	modified, wanted := dateHeader(answer.Get("Last-Modified")), dateHeader(since)
	return modified > 0 && modified/1000 <= wanted/1000
}

// matches compares weakly.
func matches(list, etag string) bool {
	if etag == "" {
		return false
	}
	for one := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
