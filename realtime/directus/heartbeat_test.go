package directus

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// beats counts what a heartbeat does.
type beats struct{ asked, givenUp atomic.Int64 }

func (b *beats) start(period time.Duration) *heartbeat {
	return startHeartbeat(period, func() { b.asked.Add(1) }, func() { b.givenUp.Add(1) })
}

// after lets time pass and compares the counts.
func (b *beats) after(t *testing.T, d time.Duration, asked, givenUp int64) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if a, g := b.asked.Load(), b.givenUp.Load(); a != asked || g != givenUp {
		t.Errorf("asked %d times and given up %d times, want %d and %d", a, g, asked, givenUp)
	}
}

func TestSilentClientIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b beats
		b.start(4 * time.Second)
		b.after(t, 3999*time.Millisecond, 0, 0)
		b.after(t, time.Millisecond, 1, 0)
		b.after(t, 3999*time.Millisecond, 1, 0)
		b.after(t, time.Millisecond, 1, 1)
		b.after(t, time.Hour, 1, 1)
	})
}

func TestAnyMessageIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b beats
		h := b.start(time.Second)
		for n := int64(1); n <= 3; n++ {
			b.after(t, time.Second, n, 0)
			h.begin()
			h.end()
		}
		b.after(t, time.Second, 4, 0)
		b.after(t, time.Second, 4, 1)
	})
}

// What a client said before it was asked proves nothing about the time after.
func TestOldSignOfLifeIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b beats
		h := b.start(time.Second)
		h.begin()
		h.end()
		b.after(t, time.Second, 1, 0)
		b.after(t, time.Second, 1, 1)
	})
}

func TestWorkedOnMessageIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b beats
		h := b.start(time.Second)
		h.begin()
		b.after(t, 10*time.Second, 10, 0)
		h.end()
		b.after(t, time.Second, 11, 0)
		b.after(t, time.Second, 11, 1)
	})
}

func TestStoppedHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b beats
		h := b.start(time.Second)
		b.after(t, time.Second, 1, 0)
		h.stop()
		h.stop()
		b.after(t, time.Hour, 1, 0)
		var none *heartbeat
		none.begin()
		none.end()
		none.stop()
	})
}
