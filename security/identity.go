// Package security decides who may do what: subjects, roles, shiro permissions, access tokens, JSON web tokens and the delay
// after failed attempts. It owns no storage (Accounts is what it needs of one) and knows no protocol.
//
// Read guard.go first.
package security

// Permission is a shiro permission that is asked for, such as api:entries:read.
type Permission string

// Identity is who asks, as a Guard found it. The zero Identity is anonymous: it has the default roles only. Identities are
// comparable and hold no rights: those are judged by Guard.Check at the moment of use.
type Identity struct {
	kind    kind
	subject string // _id of the subject, 24 hex digits
	name    string
}

type kind uint8

const (
	anonymous kind = iota
	subject        // a subject, by access token or JWT
	secret         // whoever knows API_SECRET: everything is permitted
	open           // security is switched off (API3_SECURITY_ENABLE=false): everything is permitted, nobody is named
)

// Name is the name of the subject for the fields subject and modifiedBy; "" when there is none.
func (id Identity) Name() string { return id.name }

// Subject is the _id of the subject, 24 hex digits; "" when there is none.
func (id Identity) Subject() string { return id.subject }

// Anonymous is whoever shows no credential.
func Anonymous() Identity { return Identity{} }

// Operator is whoever knows API_SECRET, and the program itself when it keeps accounts.
func Operator() Identity { return Identity{kind: secret} }
