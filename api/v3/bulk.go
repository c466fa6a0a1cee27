package v3

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"nightwire/storage"
)

var (
	errNoArray  = storage.Invalid("Request body must be an array of documents")
	errBulkSize = storage.Invalid("A bulk write takes from 1 to %d documents", storage.MaxBulk)
)

// bulk is POST /{collection}/bulk, which the original does not have: CREATE for each document of an array, in order. All
// of them are stored or, when one is refused, none; with atomic=false each is for itself.
func (r *request) bulk() error {
	docs, refusals, err := r.documents()
	if err != nil {
		return err
	}
	if r.QueryParam("atomic") == "false" {
		return r.bulkEach(docs, refusals)
	}
	for i, err := range refusals {
		if err != nil {
			return &storage.Refused{Index: i, Err: err}
		}
	}
	asked, answered := r.awaited()
	defer answered()
	results, err := r.Documents.CreateAll(r.ctx(), asked, r.collection, docs)
	if err != nil {
		return err
	}
	list := make([]string, len(results))
	for i, res := range results {
		_, list[i] = created(res)
	}
	return r.writeResults(list)
}

// bulkEach stores the documents that could be read, each for itself, and answers with all refusals in their places.
func (r *request) bulkEach(docs []storage.Document, refusals []error) error {
	var readable []storage.Document
	for i, doc := range docs {
		if refusals[i] == nil {
			readable = append(readable, doc)
		}
	}
	asked, answered := r.awaited()
	defer answered()
	outcomes, err := r.Documents.CreateEach(r.ctx(), asked, r.collection, readable)
	if err != nil {
		return err
	}
	list := make([]string, len(docs))
	for i, refusal := range refusals {
		if refusal == nil {
			list[i] = r.outcome(outcomes[0])
			outcomes = outcomes[1:]
		} else {
			list[i] = r.outcome(storage.Outcome{Err: refusal})
		}
	}
	return r.writeResults(list)
}

// outcome is the answer for one document.
func (r *request) outcome(o storage.Outcome) string {
	if o.Err != nil {
		return string(errorBody(r.noted(o.Err)))
	}
	_, body := created(o.Result)
	return body
}

func (r *request) writeResults(list []string) error {
	return r.write(http.StatusOK, []byte(`{"status":200,"results":[`+strings.Join(list, ",")+`]}`))
}

// documents reads the body of a bulk write. What is wrong with a single document is told in its place.
func (r *request) documents() (docs []storage.Document, refusals []error, err error) {
	text, err := r.body()
	if err != nil {
		return nil, nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			return nil, nil, errNoArray
		}
		return nil, nil, errBadBody
	}
	if list == nil { // null
		return nil, nil, errNoArray
	}
	if len(list) == 0 || len(list) > storage.MaxBulk {
		return nil, nil, errBulkSize
	}
	docs, refusals = make([]storage.Document, len(list)), make([]error, len(list))
	for i, one := range list {
		docs[i], refusals[i] = bulkDocument(one)
	}
	return docs, refusals, nil
}

// bulkDocument reads one document of an array; here an array is no document.
func bulkDocument(text []byte) (storage.Document, error) {
	v, err := storage.Decode(text)
	if err != nil {
		return "", bodyError(err)
	}
	if v.Type() != storage.Object {
		return "", errBadBody
	}
	return storage.NewDocument(v)
}
