package security

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// waited is how long Wait held an address back.
func waited(t *testing.T, a *Attempts, addr string) time.Duration {
	t.Helper()
	start := time.Now()
	if err := a.Wait(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// The sequence that was measured at the original (spec §7).
func TestFailuresDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(time.Second)
		for i, want := range []time.Duration{0, time.Second, time.Second} {
			if got := waited(t, a, "10.0.0.1"); got != want {
				t.Errorf("bad attempt %d waited %v", i+1, got)
			}
			a.Failed("10.0.0.1")
		}
		if got := waited(t, a, "10.0.0.2"); got != 0 {
			t.Errorf("another address waited %v", got)
		}
		if got := waited(t, a, "10.0.0.1"); got != time.Second {
			t.Errorf("the good one waited %v", got)
		}
		a.Failed("10.0.0.1")
		a.Succeeded("10.0.0.1")
		if got := waited(t, a, "10.0.0.1"); got != 0 {
			t.Errorf("after success it waited %v", got)
		}
	})
}

func TestParallelFailuresAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(time.Second)
		for range 3 {
			a.Failed("x")
		}
		if got := waited(t, a, "x"); got != 3*time.Second {
			t.Errorf("waited %v", got)
		}
	})
}

func TestDelayIsCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(5 * time.Second)
		for range 1000 {
			a.Failed("x")
		}
		if got := waited(t, a, "x"); got != time.Minute {
			t.Errorf("waited %v", got)
		}
	})
}

func TestWaitersAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(time.Second)
		a.Failed("x")
		var wg sync.WaitGroup
		for range maxWaiters {
			wg.Go(func() { waited(t, a, "x") })
		}
		synctest.Wait()
		start := time.Now()
		if err := a.Wait(t.Context(), "x"); !errors.Is(err, ErrUnauthenticated) || time.Since(start) != 0 {
			t.Errorf("one too many: %v after %v", err, time.Since(start))
		}
		wg.Wait()
		if len(a.addresses) != 0 {
			t.Error("an address whose time has come is remembered")
		}
		a.Failed("x")
		if got := waited(t, a, "x"); got != time.Second {
			t.Errorf("later waited %v", got)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(time.Second)
		a.Failed("x")
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := a.Wait(ctx, "x"); !errors.Is(err, ErrUnavailable) || time.Since(start) != 300*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestAddressesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAttempts(time.Second)
		for i := range maxAddresses {
			a.Failed("old" + strconv.Itoa(i))
		}
		time.Sleep(time.Second)
		a.Failed("new")
		if len(a.addresses) != 1 {
			t.Errorf("%d addresses are remembered after their time", len(a.addresses))
		}
		for i := range 2 * maxAddresses {
			a.Failed(strconv.Itoa(i))
		}
		if len(a.addresses) > maxAddresses {
			t.Errorf("%d addresses are remembered", len(a.addresses))
		}
	})
}

func TestNoDelay(t *testing.T) {
	a := NewAttempts(0)
	a.Failed("x")
	if len(a.addresses) != 0 {
		t.Error("addresses are remembered for nothing")
	}
}
