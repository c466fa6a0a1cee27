package users

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// losses counts the messages that are dropped without an answer, and logs that now and then.
type losses struct {
	log       *slog.Logger
	sometimes rate.Sometimes

	mu     sync.Mutex
	counts map[string]int // since the last report, by reason
}

func newLosses(log *slog.Logger) *losses {
	return &losses{log: log, sometimes: rate.Sometimes{First: 1, Interval: time.Minute}, counts: map[string]int{}}
}

// The reasons for which messages are dropped.
const (
	tooLarge = "too_large"
	tooFast  = "too_fast"
)

// note counts a message.
func (l *losses) note(reason string) {
	l.mu.Lock()
	l.counts[reason]++
	l.mu.Unlock()
	l.sometimes.Do(l.report)
}

// report logs what was dropped since the last time, if anything was.
func (l *losses) report() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.counts) > 0 {
		l.log.Warn("messages were dropped", tooLarge, l.counts[tooLarge], tooFast, l.counts[tooFast])
		clear(l.counts)
	}
}
