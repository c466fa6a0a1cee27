package engineio

import (
	"fmt"
	"net/http"
)

// refusal is a protocol error, as Engine.IO numbers them.
type refusal struct {
	code    int
	message string
}

var (
	unknownTransport   = refusal{0, "Transport unknown"}
	unknownSID         = refusal{1, "Session ID unknown"}
	badHandshakeMethod = refusal{2, "Bad handshake method"}
	badRequest         = refusal{3, "Bad request"}
)

func refuse(w http.ResponseWriter, why refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"code":%d,"message":%q}`, why.code, why.message) // a client that has gone needs no answer
}
