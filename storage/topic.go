package storage

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"nightwire/security"
)

// Topic is a topic that somebody created, to publish messages on.
type Topic struct {
	Name       string
	Owner      string // name of the subject who created it; "": the operator
	Permission TopicPermission
}

// TopicPermission says who may do what with a topic: the bits below for everybody who is authenticated, the same ones seven
// places higher for the owner. Those another seven places higher are kept and grant nothing: they are of groups, which
// there are none of.
type TopicPermission int64

// The bits, as everybody's. Those that are without effect are kept.
const (
	TopicPeek    TopicPermission = 1 << iota // to see that it is there, and who may do what
	TopicRead                                // to hear its messages
	TopicCreate                              // without effect
	TopicUpdate                              // without effect: the owner changes permissions
	TopicDelete                              // to destroy it; without effect as everybody's
	TopicExecute                             // to publish on it
	TopicRefer                               // without effect
)

const (
	// TopicOwners are all bits of the owner.
	TopicOwners TopicPermission = (1<<ownersPlace - 1) << ownersPlace
	// TopicEverybodys are all bits of everybody, owner and groups.
	TopicEverybodys TopicPermission = 1<<(3*ownersPlace) - 1
	// topicAuthenticatedExecute says once more that everybody may publish.
	topicAuthenticatedExecute TopicPermission = 1 << (3 * ownersPlace)

	ownersPlace = 7
	topicBits   = TopicEverybodys | topicAuthenticatedExecute
)

// maxTopicName is how many bytes the name of a topic may have.
const maxTopicName = 128

// checkTopicName refuses what no topic can be called. The comma separates names. Errors: ErrInvalid.
func checkTopicName(name string) error {
	if name == "" || len(name) > maxTopicName || !utf8.ValidString(name) || strings.Contains(name, ",") ||
		strings.ContainsFunc(name, unicode.IsControl) {
		return Invalid("The name of a topic has 1 to %d bytes, without commas and control characters", maxTopicName)
	}
	return nil
}

// check refuses bits that there are not. Errors: ErrInvalid.
func (p TopicPermission) check() error {
	if p&^topicBits != 0 {
		return Invalid("A permission is a number from 0 to %d", topicBits)
	}
	return nil
}

// owned tells whether the topic is that identity's. Whoever has no name owns nothing.
func (t Topic) owned(who security.Identity) bool { return t.Owner != "" && t.Owner == who.Name() }

// grants tells whether the bits permit the right to an identity.
func (t Topic) grants(who security.Identity, right TopicPermission) bool {
	granted := t.Permission
	if granted&topicAuthenticatedExecute != 0 {
		granted |= TopicExecute
	}
	if t.owned(who) {
		granted |= granted >> ownersPlace
	}
	return granted&right == right
}

// terms are the topic without its name, for a message or within a document.
func (t Topic) terms() *Draft {
	d := &Draft{}
	d.Set("owner", StringValue(t.Owner))
	d.Set("permission", IntValue(int64(t.Permission)))
	return d
}

// onTerms is the topic of that name and these terms. What is no permission grants nothing.
func onTerms(name string, terms Document) Topic {
	permission, _ := terms.Get("permission").Int()
	return Topic{name, terms.Get("owner").Text(), TopicPermission(permission)}
}

// topicIn is the topic that is stored.
func topicIn(doc Document) Topic { return onTerms(doc.Identifier(), doc) }

// stored is the topic as it is stored.
func (t Topic) stored(now int64) Document {
	d := t.terms()
	d.Set("identifier", StringValue(t.Name))
	d.Set("srvModified", IntValue(now))
	return d.Document()
}
