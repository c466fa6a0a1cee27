package v3

import (
	"mime"
	"strconv"
	"strings"
)

// formats are the offered forms of output in the order of preference.
var formats = []format{
	{"json", "application", "json", jsonType},
	{"csv", "text", "csv", "text/csv; charset=utf-8"},
	{"xml", "application", "xml", "application/xml; charset=utf-8"},
}

// format is a form of output.
type format struct{ ending, kind, subkind, contentType string }

// wanted is how much an Accept header wants a format.
type wanted struct {
	quality  float64
	specific int // 2 for the very type, 1 for type/*, 0 for */*
	place    int // in the header
}

func (w wanted) beats(o wanted) bool {
	switch {
	case w.quality != o.quality:
		return w.quality > o.quality
	case w.specific != o.specific:
		return w.specific > o.specific
	default:
		return w.place < o.place
	}
}

// negotiate chooses the format for an extension or, without one, for an Accept header (spec §1, Rendering).
func negotiate(extension, accept string) (format, error) {
	if extension != "" {
		for _, f := range formats {
			if f.ending == extension {
				return f, nil
			}
		}
		return format{}, errFormat
	}
	if strings.TrimSpace(accept) == "" {
		return formats[0], nil
	}
	var best wanted
	chosen := -1
	for i, f := range formats {
		if w, ok := f.wantedBy(accept); ok && (chosen < 0 || w.beats(best)) {
			best, chosen = w, i
		}
	}
	if chosen < 0 {
		return format{}, errFormat
	}
	return formats[chosen], nil
}

// wantedBy finds the most specific entry for the format; a quality of 0 refuses it.
func (f format) wantedBy(accept string) (best wanted, ok bool) {
	for place, entry := range strings.Split(accept, ",") {
		w := wanted{quality: 1, place: place}
		media, params, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		if q, given := params["q"]; given {
			if w.quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch media {
		case f.kind + "/" + f.subkind:
			w.specific = 2
		case f.kind + "/*":
			w.specific = 1
		case "*/*":
		default:
			continue
		}
		if !ok || w.specific > best.specific {
			best, ok = w, true
		}
	}
	return best, ok && best.quality > 0
}
