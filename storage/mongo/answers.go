package mongo

// answers are the writers of this process who wait for theirs, by group, so that the feed can put them into its changes.
type answers struct{}
