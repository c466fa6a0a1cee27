package users

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Origins are the compiled patterns of approved clients.
type Origins []*regexp.Regexp

// Compile checks the configuration and compiles its patterns. Errors name the key, and the pattern.
func (c Config) Compile() (Origins, error) {
	if c.Port < 0 || c.Port > 65535 {
		return nil, fmt.Errorf("websocket.port: must be 0 to 65535, not %d", c.Port)
	}
	if c.UserEvents != All && c.UserEvents != Restricted {
		return nil, fmt.Errorf("websocket.userEvents: must be %s or %s, not %q", All, Restricted, c.UserEvents)
	}
	if strings.TrimSpace(c.SocketAPIKey) != c.SocketAPIKey { // which no header could show
		return nil, errors.New("websocket.socketApiKey: must not begin or end with white space")
	}
	var origins Origins
	for i, pattern := range c.ApprovedSocketDomains {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("websocket.approvedSocketDomains[%d]: pattern %q: %w"+
				" (look-around and backreferences are not supported)", i, pattern, err)
		}
		origins = append(origins, compiled)
	}
	return origins, nil
}

// approve tells whether clients with that Origin header, as it came, may stay. One match anywhere in it suffices.
func (o Origins) approve(origin string) bool {
	return origin != "" && slices.ContainsFunc(o, func(p *regexp.Regexp) bool { return p.MatchString(origin) })
}

// Warnings are what an operator should know of his configuration: a line for each pattern that also matches within longer
// names, which others may own.
func (c Config) Warnings() (warnings []string) {
	for i, pattern := range c.ApprovedSocketDomains {
		tree, err := syntax.Parse(pattern, syntax.Perl)
		if err == nil && !(bounded(tree, syntax.OpBeginText, false) && bounded(tree, syntax.OpEndText, true)) {
			warnings = append(warnings, fmt.Sprintf("websocket.approvedSocketDomains[%d]: pattern %q is not held by ^ and $: "+
				"it also approves every Origin that contains a match", i, pattern))
		}
	}
	return warnings
}

// bounded tells whether all that an expression matches begins, or ends, with that operation.
func bounded(tree *syntax.Regexp, by syntax.Op, atEnd bool) bool {
	switch tree.Op {
	case syntax.OpConcat, syntax.OpCapture:
		at := 0
		if atEnd {
			at = len(tree.Sub) - 1
		}
		return bounded(tree.Sub[at], by, atEnd)
	case syntax.OpAlternate:
		return !slices.ContainsFunc(tree.Sub, func(s *syntax.Regexp) bool { return !bounded(s, by, atEnd) })
	default:
		return tree.Op == by
	}
}
