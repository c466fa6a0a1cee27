package mongotest

import (
	"testing"

	"nightwire/storage"
	"nightwire/storage/storagetest"
)

// limits are what FerretDB cannot do; of a real server everything is asked.
func limits() storagetest.Limits {
	if real() {
		return storagetest.Limits{}
	}
	noGroups := "FerretDB has no transactions, so a group of writes is refused"
	return storagetest.Limits{
		Except: map[string]string{
			"GroupsAreAtomic":    noGroups,
			"GroupsStayTogether": noGroups,
		},
		NoNestedArrays: true, // refused as "nested arrays are not supported"
		Slow:           true, // every query scans its collection
	}
}

func TestSuite(t *testing.T) {
	limits().Run(t, func(t *testing.T) storage.Engine {
		uri, _ := freshDatabase(t)
		return openPatient(t, uri)
	})
}
