package mongo

import (
	"strings"

	"nightwire/storage"
)

// The collections that are Nightwire's own. Their prefix keeps them apart from those of a Nightscout in the same database.
const (
	ownPrefix          = "nightwire_"
	metaCollection     = ownPrefix + "meta"     // keys, epoch, lease: one document each
	nodesCollection    = ownPrefix + "nodes"    // which processes use the database now
	messagesCollection = ownPrefix + "messages" // what is told without being a document (message.go)
	ledgerCollection   = ownPrefix + "changes"  // the journal of a single node (ledger.go)
)

// physical is what a collection is called in the database.
func (e *Engine) physical(collection string) string {
	if name := e.options.Names[collection]; name != "" {
		return name
	}
	if isReserved(collection) {
		return ownPrefix + collection
	}
	return collection
}

// isReserved tells whether a collection is Nightwire's own as well, though it holds documents like others.
func isReserved(collection string) bool {
	switch collection {
	case storage.AlarmsCollection, storage.CountersCollection, storage.TopicsCollection, storage.MetaCollection:
		return true
	default:
		return false
	}
}

// logical is the collection that is called so in the database; "" for those that are Nightwire's own or the server's.
func (e *Engine) logical(physical string) string {
	for collection, name := range e.options.Names {
		if name == physical {
			return collection
		}
	}
	if own, ok := strings.CutPrefix(physical, ownPrefix); ok && isReserved(own) {
		return own
	}
	if strings.HasPrefix(physical, ownPrefix) || strings.HasPrefix(physical, "system.") || e.options.Names[physical] != "" {
		return ""
	}
	return physical
}
