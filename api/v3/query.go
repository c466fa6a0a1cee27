package v3

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"nightwire/storage"
)

// maxPattern is how long a regular expression may be.
const maxPattern = 256

var (
	errLimit = storage.Invalid("Parameter limit out of tolerance")
	errSkip  = storage.Invalid("Parameter skip out of tolerance")
	errSort  = storage.Invalid("Parameters sort and sort_desc cannot be combined")
)

// reserved names are no filters (spec §3, SEARCH).
var reserved = map[string]bool{"token": true, "sort": true, "sort$desc": true, "limit": true, "skip": true, "fields": true, "now": true}

// operators by their names in query strings. The last two, with true or false as their values, are additions of ours.
var operators = map[string]storage.Op{"eq": storage.Eq, "ne": storage.Ne, "gt": storage.Gt, "gte": storage.Gte,
	"lt": storage.Lt, "lte": storage.Lte, "in": storage.In, "nin": storage.Nin, "re": storage.Regexp,
	"exists": storage.Exists, "null": storage.Eq}

// operatorName finds the operator in a name: greedy, so the last $ counts; what follows the letters is ignored.
var operatorName = regexp.MustCompile(`(?s)(.*)\$([a-zA-Z]+)`)

// parseQuery reads filters, sort, limit and skip; the first complaint, in this order, is the answer (spec §3).
func parseQuery(params parameters, maxLimit int) (storage.Query, error) {
	var q storage.Query
	for i := range params {
		if reserved[params[i].name] {
			continue
		}
		f, err := parseFilter(&params[i])
		if err != nil {
			return q, err
		}
		q.Filter.All = append(q.Filter.All, f)
	}
	var err error
	if q.Sort, err = parseSort(params); err != nil {
		return q, err
	}
	if q.Limit, err = parseLimit(params, maxLimit); err != nil {
		return q, err
	}
	q.Skip, err = parseSkip(params)
	return q, err
}

func parseFilter(p *parameter) (storage.Filter, error) {
	f := storage.Filter{Op: storage.Eq, Path: p.name}
	if m := operatorName.FindStringSubmatch(p.name); m != nil {
		op, ok := operators[m[2]]
		if !ok {
			return f, storage.Invalid("Unsupported filter operator %s", m[2])
		}
		f.Op, f.Path = op, m[1]
		if m[2] == "exists" || m[2] == "null" {
			return parseSwitch(p, f, m[2])
		}
	}
	switch f.Op {
	case storage.In, storage.Nin:
		for _, text := range strings.Split(strings.Join(p.values, ","), "|") {
			f.List = append(f.List, alternatives(text)...)
		}
	case storage.Regexp:
		var err error
		f.Pattern, err = compile(strings.Join(p.values, ","))
		return f, err
	default:
		f.Value = p.value()
		if len(p.values) == 1 && p.object == nil {
			f.Value = typed(f.Path, p.values[0])
		}
	}
	return f, nil
}

// parseSwitch reads the conditions that a field is there (null counts as being there), and that it is null or missing.
func parseSwitch(p *parameter, f storage.Filter, name string) (storage.Filter, error) {
	value := p.only()
	if value != "true" && value != "false" {
		return f, storage.Invalid("Filter operator %s needs true or false", name)
	}
	switch {
	case name == "exists":
		f.Value = storage.Value(value)
	case value == "true":
		f.Value = "null"
	default:
		f.Op, f.Value = storage.Ne, "null"
	}
	return f, nil
}

// compile reads a regular expression: RE2, of limited length.
func compile(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, storage.Invalid("Regular expression is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, storage.Invalid("Bad regular expression")
	}
	return re, nil
}

func parseSort(params parameters) ([]storage.SortKey, error) {
	up, down := params.named("sort"), params.named("sort$desc")
	switch {
	case up != nil && down != nil:
		return nil, errSort
	case up != nil && up.first() != "":
		return []storage.SortKey{{Path: up.first()}}, nil
	case down != nil && down.first() != "":
		return []storage.SortKey{{Path: down.first(), Desc: true}}, nil
	default:
		return nil, nil
	}
}

// parseLimit reads the limit as the original does: it must be a JavaScript number in tolerance, and is then cut off at
// the first character that is no decimal digit, so that 1e2 means 1. Where that leaves 0, as of 0x10, which is no limit
// at all there, it is the largest limit.
func parseLimit(params parameters, maxLimit int) (int, error) {
	p := params.named("limit")
	if p == nil || p.only() == "" {
		return maxLimit, nil
	}
	if n := storage.JSNumber(p.only()); !(n > 0 && n <= float64(maxLimit)) {
		return 0, errLimit
	}
	if n := leadingInt(p.only()); n > 0 {
		return n, nil
	}
	return maxLimit, nil
}

func parseSkip(params parameters) (int, error) {
	p := params.named("skip")
	if p == nil || p.only() == "" {
		return 0, nil
	}
	if n := storage.JSNumber(p.only()); !(n >= 0 && n <= math.MaxInt32) {
		return 0, errSkip
	}
	return leadingInt(p.only()), nil
}

// leadingInt is JavaScript's parseInt(text, 10) of a text that is a number not below zero.
func leadingInt(text string) int {
	text = strings.TrimLeft(strings.TrimSpace(text), "+")
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(text[:end]) // no digits: 0
	return n
}

// fieldNames are the fields to show; nil means all. Repeated parameters are united (docs/design.md §9).
func fieldNames(params parameters) map[string]bool {
	p := params.named("fields")
	if p == nil {
		return nil
	}
	names := map[string]bool{}
	for _, list := range p.values {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "_all" {
				return nil
			} else if name != "" {
				names[name] = true
			}
		}
	}
	return names
}
