package mongo

// clocks are the newest srvModified of each collection.
type clocks struct{}
