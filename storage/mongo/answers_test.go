package mongo

import (
	"fmt"
	"testing"
	"time"
)

func TestAnswers(t *testing.T) {
	var a answers
	answered := make(chan struct{})
	a.put("nobody", nil)
	a.put("one", answered)
	if a.of("one") != (<-chan struct{})(answered) || a.of("one") == nil || a.of("nobody") != nil || a.of("another") != nil {
		t.Error("a writer is not found by its group")
	}
	for i := range maxAnswers {
		a.put(fmt.Sprint(i), answered)
	}
	if len(a.waiting) != maxAnswers || len(a.order) != maxAnswers || a.of("one") != nil || a.of("0") == nil {
		t.Errorf("%d are remembered, in an order of %d", len(a.waiting), len(a.order))
	}
	a.forget(time.Now().Add(time.Hour))
	if len(a.waiting) != 0 || len(a.order) != 0 {
		t.Errorf("%d do not grow old", len(a.waiting))
	}
}
