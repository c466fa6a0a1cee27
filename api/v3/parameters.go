package v3

import (
	"net/url"
	"slices"
	"strings"

	"nightwire/storage"
)

// maxParameters is how many parameters of a query string are read; the rest is ignored, as the original's parser does.
const maxParameters = 1000

// parameter is one name of a query string with all its values.
type parameter struct {
	name   string
	values []string       // of name=value, in order
	object *storage.Draft // of name[key]=value; nil when there is none
}

// parameters are the names of a query string in the order of their first appearance.
type parameters []parameter

// parameters reads the request's query string.
func (r *request) parameters() parameters { return parseParameters(r.Request().URL.RawQuery) }

// parseParameters reads a query string as Express does: repeated names make arrays, name[key]=value makes an object,
// name[]=value an array. What cannot be unescaped is taken as it stands.
func parseParameters(raw string) parameters {
	var all parameters
	pairs := strings.Split(raw, "&")
	for _, pair := range pairs[:min(len(pairs), maxParameters)] {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, value := unescape(rawName), unescape(rawValue)
		root, key, bracketed := cutBrackets(name)
		p := all.named(root)
		if p == nil {
			all = append(all, parameter{name: root})
			p = &all[len(all)-1]
		}
		if !bracketed || key == "" {
			p.values = append(p.values, value)
			continue
		}
		if p.object == nil {
			p.object = storage.Document("{}").Edit()
		}
		p.object.Set(key, storage.StringValue(value))
	}
	return all
}

// cutBrackets splits name[key] into its parts.
func cutBrackets(name string) (root, key string, ok bool) {
	open := strings.IndexByte(name, '[')
	if open <= 0 || !strings.HasSuffix(name, "]") {
		return name, "", false
	}
	return name[:open], name[open+1 : len(name)-1], true
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		plain = strings.ReplaceAll(s, "+", " ")
	}
	return strings.ToValidUTF8(plain, "\uFFFD")
}

// named is the parameter of that name, nil when there is none.
func (ps parameters) named(name string) *parameter {
	i := slices.IndexFunc(ps, func(p parameter) bool { return p.name == name })
	if i < 0 {
		return nil
	}
	return &ps[i]
}

// value is the parameter as the original sees it: a string, an array of strings, or an object of strings.
func (p *parameter) value() storage.Value {
	if p.object != nil {
		return storage.Value(p.object.Document())
	}
	if len(p.values) == 1 {
		return storage.StringValue(p.values[0])
	}
	quoted := make([]string, len(p.values))
	for i, v := range p.values {
		quoted[i] = quote(v)
	}
	return storage.Value("[" + strings.Join(quoted, ",") + "]")
}

// first is the first value, "" when there is none.
func (p *parameter) first() string {
	if len(p.values) == 0 {
		return ""
	}
	return p.values[0]
}

// only is the value when there is exactly one; a repeated parameter, or one with brackets, is no number to anybody.
func (p *parameter) only() string {
	if len(p.values) != 1 || p.object != nil {
		return "NaN"
	}
	return p.values[0]
}
