package v3

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What we are compatible with (docs/design.md §9).
const (
	nightscoutVersion = "15.0.7"
	apiVersion        = "3.0.3-alpha"
)

// version is GET /version (spec §3, VERSION).
func (r *request) version() error {
	return r.write(http.StatusOK, []byte(`{"status":200,"result":{`+r.about()+`}}`))
}

// about is what VERSION and STATUS say of the server.
func (r *request) about() string {
	return fmt.Sprintf(`"version":%q,"apiVersion":%q,"srvDate":%d,"storage":{"storage":%s,"version":%s},"server":{"name":"nightwire","version":%s}`,
		nightscoutVersion, apiVersion, time.Now().UnixMilli(), quote(r.Storage), quote(r.StorageVersion), quote(r.ServerVersion))
}

// status is GET /status (spec §3, STATUS): the true rights, always all six keys (docs/design.md §9).
func (r *request) status() error {
	rights, err := r.Documents.Rights(r.ctx(), r.asked())
	if err != nil {
		return err
	}
	var list []string
	for _, right := range rights {
		list = append(list, quote(right.Collection)+":"+quote(right.Letters))
	}
	return r.write(http.StatusOK, []byte(`{"status":200,"result":{`+r.about()+`,"apiPermissions":{`+strings.Join(list, ",")+`}}}`))
}

// lastModified is GET /lastModified (spec §3, LASTMODIFIED).
func (r *request) lastModified() error {
	newest, err := r.Documents.LastModified(r.ctx(), r.asked())
	if err != nil {
		return err
	}
	var list []string
	for _, c := range r.Documents.Collections() {
		if ms, ok := newest[c.Name]; ok {
			list = append(list, quote(c.Name)+":"+itoa(ms))
		}
	}
	return r.write(http.StatusOK, []byte(fmt.Sprintf(`{"status":200,"result":{"srvDate":%d,"collections":{%s}}}`,
		time.Now().UnixMilli(), strings.Join(list, ","))))
}
