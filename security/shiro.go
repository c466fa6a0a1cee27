package security

import (
	"slices"
	"strings"
)

// maxCombinations bounds what one permission with commas may expand to when it is asked for. It comes from clients
// (GET /debug/check), and the number of combinations grows with the product of the alternatives.
const maxCombinations = 1024

// part is one colon-separated part of a granted permission.
type part struct {
	any    bool     // *, alone or among the alternatives
	one    string   // the only alternative: by far the most common case, and one comparison
	others []string // further alternatives
}

func (p *part) has(name string) bool {
	return p.any || p.one == name || slices.Contains(p.others, name)
}

// grant is one granted permission (spec nightscout-v3 §6): the parts up to the last one that is not *. Everything that
// begins with them is covered, so the grant * has no part at all.
type grant []part

func parseGrant(text string) grant {
	var g grant
	for name := range strings.SplitSeq(text, ":") {
		alternatives := strings.Split(name, ",")
		g = append(g, part{slices.Contains(alternatives, "*"), alternatives[0], alternatives[1:]})
	}
	for len(g) > 0 && g[len(g)-1].any {
		g = g[:len(g)-1]
	}
	return g
}

// covers judges one permission without commas.
func (g grant) covers(asked string) bool {
	more := true
	for i := range g {
		if !more {
			return false // shorter than what is granted
		}
		var name string
		name, asked, more = strings.Cut(asked, ":")
		if !g[i].has(name) {
			return false
		}
	}
	return true
}

// rights are the permissions that somebody holds, in a form that is quick to check: no allocation, and nothing at all to
// compare for whoever holds *. They are a list, not a tree, because commas in several parts would multiply a tree's nodes.
type rights struct {
	all    bool
	grants []grant
}

// add grants a permission; "" grants nothing.
func (r *rights) add(text string) {
	if text == "" {
		return
	}
	g := parseGrant(text)
	r.all = r.all || len(g) == 0
	r.grants = append(r.grants, g)
}

// some tells whether there is any permission.
func (r *rights) some() bool { return len(r.grants) > 0 }

// permit tells whether a permission is held; one with commas needs all of its combinations.
func (r *rights) permit(p Permission) bool {
	if r.all {
		return true
	}
	if strings.IndexByte(string(p), ',') < 0 {
		return r.covers(string(p))
	}
	combinations := expand(string(p))
	for _, c := range combinations {
		if !r.covers(c) {
			return false
		}
	}
	return len(combinations) > 0
}

func (r *rights) covers(asked string) bool {
	for _, g := range r.grants {
		if g.covers(asked) {
			return true
		}
	}
	return false
}

// expand lists the combinations of a permission with commas, or nothing when there are more than maxCombinations.
func expand(p string) []string {
	combinations := []string{""}
	for i, name := range strings.Split(p, ":") {
		alternatives := strings.Split(name, ",")
		if len(combinations)*len(alternatives) > maxCombinations {
			return nil
		}
		longer := make([]string, 0, len(combinations)*len(alternatives))
		for _, c := range combinations {
			if i > 0 {
				c += ":"
			}
			for _, a := range alternatives {
				longer = append(longer, c+a)
			}
		}
		combinations = longer
	}
	return combinations
}
