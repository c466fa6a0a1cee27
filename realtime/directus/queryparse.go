package directus

import (
	"math"
	"slices"
	"strings"

	"nightwire/storage"
)

// defaultLimit is how many rows a client gets that names no number.
const defaultLimit = 100

// maxPage bounds limit and offset. Nobody has so many rows; sums of them stay far from an overflow.
const maxPage = math.MaxInt32

// queryParser reads one query. As Directus's REST does it takes lists as texts with commas, numbers as texts and objects as JSON
// text, whatever the dialect.
type queryParser struct {
	raw     storage.Value
	options queryOptions
	query   *query
	text    []storage.Field // of the canonical form
}

func (p *queryParser) parse() error {
	for _, part := range []func(*queryParser) error{
		(*queryParser).fields, (*queryParser).filter, (*queryParser).search, (*queryParser).grouping, (*queryParser).sort, (*queryParser).page, (*queryParser).meta,
	} {
		if err := part(p); err != nil {
			return err
		}
	}
	p.query.text = string(object(p.text...))
	return nil
}

// option is what the query says of an option; false says as little as null.
func (p *queryParser) option(name string) storage.Value {
	if v := p.raw.Get(name); v != "false" {
		return v
	}
	return ""
}

// say adds an option to the canonical form.
func (p *queryParser) say(name string, v storage.Value) {
	p.text = append(p.text, storage.Field{Name: name, Value: v})
}

func (p *queryParser) fields() error {
	fields, err := p.names("fields", p.option("fields"))
	if err != nil {
		return err
	}
	alias, err := p.alias()
	if err != nil {
		return err
	}
	if p.query.selection, err = parseSelection(fields, alias, p.options); err != nil || p.query.selection == nil {
		return err
	}
	if len(fields) > 0 {
		p.say("fields", namesValue(fields))
	}
	if len(alias) > 0 {
		p.say("alias", object(alias...))
	}
	return nil
}

// alias is which fields the client wants under other names, by these.
func (p *queryParser) alias() ([]storage.Field, error) {
	v, err := fromText("alias", p.option("alias"))
	if err != nil || v.Type() <= storage.Null {
		return nil, err
	}
	if v.Type() != storage.Object {
		return nil, badQuery("alias: %.70s is no object", v)
	}
	alias := storage.Document(v).Fields()
	if len(alias) > p.options.MaxList {
		return nil, badQuery("alias: more than %d entries", p.options.MaxList)
	}
	for _, a := range alias {
		for _, name := range []string{a.Name, a.Value.Text()} {
			if err := p.options.checkField("alias", name); err != nil {
				return nil, err
			}
			if strings.ContainsAny(name, ".*") {
				return nil, badQuery("alias: %.70s is no single field", name)
			}
		}
	}
	slices.SortFunc(alias, func(a, b storage.Field) int { return strings.Compare(a.Name, b.Name) })
	return alias, nil
}

func (p *queryParser) filter() error {
	f, err := parseFilter(p.option("filter"), p.options)
	if err != nil || f.trivial() {
		p.query.condition = anything
		return err
	}
	p.query.condition = f
	p.query.find.Filter = f.compile(p.query.collection).Prepared()
	p.say("filter", f.text())
	return nil
}

func (p *queryParser) search() error {
	s, err := parseSearch(p.option("search"))
	if err != nil || s == nil {
		return err
	}
	q := p.query
	q.search = s
	if !q.scans() {
		q.find.Filter = both(q.find.Filter, s.filter(q.collection))
	}
	p.say("search", storage.StringValue(s.text))
	return nil
}

// sort reads the order of rows. Rows that are equal in it are ordered by their key, so that pages fit together.
func (p *queryParser) sort() error {
	names, err := p.names("sort", p.option("sort"))
	if err != nil {
		return err
	}
	keys := make([]storage.SortKey, len(names))
	for i, name := range names {
		path, desc := strings.CutPrefix(name, "-")
		if !desc {
			path = strings.TrimPrefix(path, "+")
		}
		if err := p.options.checkField("sort", path); err != nil {
			return err
		}
		keys[i] = storage.SortKey{Path: path, Desc: desc}
		if !desc {
			names[i] = path
		}
	}
	if len(names) > 0 {
		p.say("sort", namesValue(names))
	}
	if p.query.groups != nil {
		p.query.groups.sort = p.query.groups.completed(keys)
		return nil
	}
	p.query.find.Sort = storedOrder(p.query.collection, keys)
	return nil
}

// storedOrder is an order of rows as one of documents.
func storedOrder(c storage.Collection, keys []storage.SortKey) []storage.SortKey {
	key := storedPath(c, "id", "_lt")
	var order []storage.SortKey
	for _, k := range append(keys, storage.SortKey{Path: "id"}) {
		if k.Path == "id" {
			k.Path = key
		}
		if !slices.ContainsFunc(order, func(o storage.SortKey) bool { return o.Path == k.Path }) {
			order = append(order, k)
		}
	}
	return order
}

// page reads limit, offset and page, of which the last wins over the second.
func (p *queryParser) page() error {
	q := p.query
	limit, given, err := p.number("limit")
	if err != nil {
		return err
	}
	if given {
		if limit < 0 && limit != -1 {
			return badQuery("limit: must be at least -1")
		}
		q.limit = int(min(math.Floor(limit), maxPage))
	}
	if err := p.start(); err != nil {
		return err
	}
	if q.limit != defaultLimit {
		p.say("limit", storage.IntValue(int64(q.limit)))
	}
	if q.offset > 0 {
		p.say("offset", storage.IntValue(int64(q.offset)))
	}
	if !q.scans() && q.groups == nil {
		q.find.Skip, q.find.Limit = q.offset, max(q.limit, 0)
	}
	return nil
}

// start reads where the page starts.
func (p *queryParser) start() error {
	offset, _, err := p.number("offset")
	if err != nil {
		return err
	}
	page, _, err := p.number("page")
	if err != nil {
		return err
	}
	if offset < 0 || page < 0 {
		return badQuery("offset and page must not be negative")
	}
	if page = math.Floor(page); page >= 1 && p.query.limit >= 0 {
		offset = (page - 1) * float64(p.query.limit)
	}
	p.query.offset = int(min(math.Floor(offset), maxPage))
	return nil
}

// number reads a number, also as text; given is false when there is none.
func (p *queryParser) number(name string) (n float64, given bool, err error) {
	v := p.option(name)
	if v.Type() <= storage.Null || v.Type() == storage.String && strings.TrimSpace(v.Text()) == "" {
		return 0, false, nil
	}
	if v.Type() == storage.String {
		v, _ = numberOf(strings.TrimSpace(v.Text()))
	}
	if n = v.Float(); math.IsNaN(n) {
		return 0, false, badQuery("%s: no number", name)
	}
	return n, true, nil
}

func (p *queryParser) meta() error {
	names, err := p.names("meta", p.option("meta"))
	if err != nil {
		return err
	}
	for _, name := range []string{totalCount, filterCount} {
		if slices.Contains(names, name) || slices.Contains(names, "*") {
			p.query.counts = append(p.query.counts, name)
		}
	}
	if len(p.query.counts) > 0 {
		p.say("meta", namesValue(p.query.counts))
	}
	return nil
}

// names reads a list of names, each once: an array or a text with commas, whose entries may hold commas too.
func (p *queryParser) names(option string, v storage.Value) ([]string, error) {
	var names []string
	for _, e := range elementsOf(v) {
		if e.Type() != storage.String {
			if v.Type() <= storage.Null {
				return nil, nil
			}
			return nil, badQuery("%s: %.70s is no name", option, e)
		}
		for _, name := range strings.Split(e.Text(), ",") {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
			if len(names) > p.options.MaxList {
				return nil, badQuery("%s: more than %d entries", option, p.options.MaxList)
			}
		}
	}
	return names, nil
}

// namesValue is a list of names as a value.
func namesValue(names []string) storage.Value {
	values := make([]storage.Value, len(names))
	for i, name := range names {
		values[i] = storage.StringValue(name)
	}
	return array(values)
}

// elementsOf are the entries of a list, which may be a text with commas; a single other value is a list of one.
func elementsOf(v storage.Value) []storage.Value {
	switch v.Type() {
	case storage.Array:
		return slices.Collect(v.Elements())
	case storage.String:
		var list []storage.Value
		for _, part := range strings.Split(v.Text(), ",") {
			list = append(list, storage.StringValue(strings.TrimSpace(part)))
		}
		return list
	default:
		return []storage.Value{v}
	}
}

// fromText is the value that a client sent as JSON text, or sent as it is; a blank text is none.
func fromText(option string, v storage.Value) (storage.Value, error) {
	if v.Type() != storage.String {
		return v, nil
	}
	text := v.Text()
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	inner, err := storage.Decode([]byte(text))
	if err != nil {
		return "", badQuery("%s: %s", option, shownText(err))
	}
	return inner, nil
}
