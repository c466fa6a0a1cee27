package wire

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestPlaces(t *testing.T) {
	var s Conns
	for i, want := range []error{nil, nil, ErrFull} {
		if err := s.Take(2); !errors.Is(err, want) {
			t.Errorf("number %d: %v", i, err)
		}
	}
	if err := s.Take(0); err != nil || s.Places() != 3 {
		t.Errorf("%v with %d places", err, s.Places())
	}
	s.Give()
	s.Give()
	if err := s.Take(2); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("closed with places taken: %v", err)
	}
	if err := s.Take(0); !errors.Is(err, ErrClosing) {
		t.Errorf("took a place: %v", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	select {
	case err := <-closed:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	s.Give()
	s.Give()
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
