package storage

import (
	"context"
	"strings"

	"nightwire/security"
)

// table is what is a topic without anybody having created it, because its documents change.
type table struct {
	list   security.Permission // to hear of it as a whole
	prefix string              // of all other permissions
}

func tablesOf(collections []Collection) map[string]table {
	tables := map[string]table{SubjectsTopic: {"admin:api:subjects:read", "admin:api:subjects"}}
	for _, c := range collections {
		tables[c.Name] = table{c.ListPermission(), "api:" + c.Name}
	}
	return tables
}

// judge is nil when somebody holds what the rights to a topic are in a table: publishing there is creating.
func (t table) judge(ctx context.Context, guard Guard, who security.Identity, rights TopicPermission) error {
	for right, permission := range map[TopicPermission]security.Permission{
		TopicPeek | TopicRead | TopicRefer: t.list,
		TopicCreate | TopicExecute:         security.Permission(t.prefix + ":create"),
		TopicUpdate:                        security.Permission(t.prefix + ":update"),
		TopicDelete:                        security.Permission(t.prefix + ":delete"),
	} {
		if rights&right == 0 {
			continue
		}
		if err := guard.Check(ctx, who, permission); err != nil {
			return err
		}
	}
	return nil
}

// The channels of messages. Those of a table are apart from those of a topic that somebody created.
const (
	topicChannel = "topic:"
	tableChannel = "table:"
)

// Channel is the channel of the messages that are published on a topic or table.
func (t *Topics) Channel(name string) string {
	if t.Table(name) {
		return tableChannel + name
	}
	return topicChannel + name
}

// channelled is the name of the topic or table whose channel it is; ok is false for any other channel.
func channelled(channel string) (name string, isTable, ok bool) {
	if name, ok = strings.CutPrefix(channel, tableChannel); ok {
		return name, true, true
	}
	name, ok = strings.CutPrefix(channel, topicChannel)
	return name, false, ok
}
