package daptin

import "github.com/google/uuid"

// The namespaces of the references of subjects and of roles.
var (
	references     = uuid.MustParse("4f0f5a0e-2f0c-5d0f-9a55-6d0d3c6b8a01")
	roleReferences = uuid.MustParse("8d9b1c54-7f0a-5b1e-8c0f-1f7a6f3f2c02")
)

// reference is the UUID by which a subject is known to clients of Daptin: always the same one, on all nodes.
func reference(subject string) string { return uuid.NewSHA1(references, []byte(subject)).String() }

// roleReference is the UUID of a role, which is a group to clients of Daptin.
func roleReference(role string) string { return uuid.NewSHA1(roleReferences, []byte(role)).String() }
