package daptin

import "net/http"

func (s *Server) servePublish(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNotImplemented)
}
