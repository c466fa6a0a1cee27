package daptin

import "github.com/google/uuid"

// references is the namespace of the references of subjects.
var references = uuid.MustParse("4f0f5a0e-2f0c-5d0f-9a55-6d0d3c6b8a01")

// reference is the UUID by which a subject is known to clients of Daptin: always the same one, on all nodes.
func reference(subject string) string { return uuid.NewSHA1(references, []byte(subject)).String() }
