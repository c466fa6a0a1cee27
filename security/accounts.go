package security

import "context"

// AccountKind tells subjects and roles apart.
type AccountKind string

// The two kinds of account.
const (
	Subjects AccountKind = "subjects"
	Roles    AccountKind = "roles"
)

// Record is a subject or a role as it is kept: the client's JSON object without _id, which is ID (24 lower-case hex digits).
type Record struct {
	ID   string
	JSON []byte
}

// Accounts keeps subjects and roles. Errors are ErrUnavailable or internal.
type Accounts interface {
	List(ctx context.Context, kind AccountKind) ([]Record, error)
	Put(ctx context.Context, kind AccountKind, r Record) error // inserts or replaces
	Delete(ctx context.Context, kind AccountKind, id string) error
}
