package v2_test

import (
	"net/http"
	"testing"
)

func TestVerifyAuth(t *testing.T) {
	s := serve(t, 0)
	_, reader := s.subject("reader", "readable")
	_, uploader := s.subject("uploader", "careportal")
	_, all := s.subject("all", "admin")
	verdict := func(rights, message, role, permissions string) string {
		return `{"status":200,"message":{` + rights + `,"message":"` + message + `","rolefound":"` + role + `","permissions":"` + permissions + `"}}`
	}
	const none, read, full = `"canRead":false,"canWrite":false,"isAdmin":false`, `"canRead":true,"canWrite":false,"isAdmin":false`, `"canRead":true,"canWrite":true,"isAdmin":true`
	tests := []struct {
		name, path string
		headers    []string
		status     int
		body       string
	}{
		{"no credential", "", nil, 200, verdict(none, "UNAUTHORIZED", "NOTFOUND", "DEFAULT")},
		{"secret", "", admin, 200, verdict(full, "OK", "NOTFOUND", "ROLE")},
		{"reader", "?token=" + reader, nil, 200, verdict(read, "OK", "FOUND", "ROLE")},
		{"uploader", "?token=" + uploader, nil, 200, verdict(none, "UNAUTHORIZED", "FOUND", "ROLE")},
		{"administrator", "?token=" + all, nil, 200, verdict(full, "OK", "FOUND", "ROLE")},
		{"refused token", "?token=nobody-0123456789abcdef", nil, 401, unauthorized},
	}
	for _, tt := range tests {
		got := s.call(http.MethodGet, "/api/v1/verifyauth"+tt.path, "", tt.headers...)
		if got.status != tt.status || got.body != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, got.status, got.body, tt.status, tt.body)
		}
	}
}
