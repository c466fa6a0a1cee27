package engineio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// jsonpCallback is the number of the function that a browser without XMLHttpRequest to other sites wants called with the
// answer of a poll. Only clients of revision 3 do this, when they are told to.
type jsonpCallback uint64

// jsonp is the callback that a request asks for; ok is false when it asks for none.
func jsonp(r *http.Request) (callback jsonpCallback, ok bool) {
	n, err := strconv.ParseUint(r.URL.Query().Get("j"), 10, 32)
	return jsonpCallback(n), err == nil
}

// wrap makes a script of a payload. JSON's encoder escapes what would end a script or a line of it.
func (n jsonpCallback) wrap(payload []byte) []byte {
	quoted, err := json.Marshal(string(payload))
	if err != nil {
		return nil // a string is always encoded
	}
	out := strconv.AppendUint([]byte("___eio["), uint64(n), 10)
	out = append(out, "]("...)
	return append(append(out, quoted...), ");"...)
}

// unwrapJSONP takes the payload out of the form that such a client posts. Line ends are escaped because forms change them.
func unwrapJSONP(body []byte) ([]byte, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	d := form.Get("d")
	var out strings.Builder
	for i := 0; i < len(d); i++ {
		switch {
		case strings.HasPrefix(d[i:], `\\n`):
			out.WriteString(`\n`)
			i += 2
		case strings.HasPrefix(d[i:], `\n`):
			out.WriteByte('\n')
			i++
		default:
			out.WriteByte(d[i])
		}
	}
	return []byte(out.String()), nil
}
