package storage

import "testing"

// TestReach: a patch does not reach by a dotted name into what clients cannot set as a whole.
func TestReach(t *testing.T) {
	c := Collection{Name: "todo", IDs: CountedIDs}
	for name, ok := range map[string]bool{"isValid.x": false, "_id.x": false, "subject.x": false, "modifiedBy.a.b": false, "device.x": true, "a.isValid": true} {
		patch := &Draft{}
		patch.Set(name, "5")
		if err := c.checkReach(patch); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
