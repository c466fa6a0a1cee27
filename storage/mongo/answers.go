package mongo

import (
	"sync"
	"time"
)

const (
	// maxAnswers is how many writers are remembered. Who is forgotten is heard of a little before its own answer.
	maxAnswers = 4096
	// answerAge is how long a writer is remembered: one whose answer took longer than its change has it by then.
	answerAge = 10 * time.Second
)

// answers are the writers of this process who wait for theirs, by group, so that the feed can put them into its changes. The
// zero value is ready for use.
type answers struct {
	mu      sync.Mutex
	waiting map[string]waitingAnswer
	order   []string // groups as they came
}

type waitingAnswer struct {
	answered <-chan struct{}
	since    time.Time
}

// put remembers a group's writer, before the write is sent. nil: nobody waits.
func (a *answers) put(group string, answered <-chan struct{}) {
	if answered == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.forget(now.Add(-answerAge))
	if a.waiting == nil {
		a.waiting = map[string]waitingAnswer{}
	}
	a.waiting[group] = waitingAnswer{answered, now}
	a.order = append(a.order, group)
}

// forget drops those that came before a time or are too many.
func (a *answers) forget(before time.Time) {
	drop := 0
	for _, group := range a.order {
		if a.waiting[group].since.After(before) && len(a.order)-drop < maxAnswers {
			break
		}
		delete(a.waiting, group)
		drop++
	}
	a.order = a.order[drop:]
}

// of is the channel of a group's writer, nil when nobody is known to wait.
func (a *answers) of(group string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting[group].answered
}
