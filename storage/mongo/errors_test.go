package mongo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/x/mongo/driver"
	"go.mongodb.org/mongo-driver/x/mongo/driver/topology"

	"nightwire/storage"
)

func TestClassify(t *testing.T) {
	command := func(code int32, labels ...string) error {
		return mongo.CommandError{Code: code, Message: "x", Labels: labels}
	}
	for _, c := range []struct {
		err  error
		want error // nil: none of storage's
	}{
		{context.DeadlineExceeded, storage.ErrUnavailable},
		{fmt.Errorf("x: %w", driver.ErrDeadlineWouldBeExceeded), storage.ErrUnavailable},
		{context.Canceled, context.Canceled},
		{topology.ConnectionError{Wrapped: context.Canceled}, context.Canceled},
		{topology.ConnectionError{Wrapped: io.EOF}, storage.ErrUnavailable},
		{topology.ServerSelectionError{Wrapped: topology.ErrServerSelectionTimeout}, storage.ErrUnavailable},
		{topology.WaitQueueTimeoutError{Wrapped: context.DeadlineExceeded}, storage.ErrUnavailable},
		{topology.ErrPoolClosed, storage.ErrUnavailable},
		{mongo.ErrClientDisconnected, storage.ErrUnavailable},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, nil}, // the driver wraps it in a ConnectionError
		{command(0, "NetworkError"), storage.ErrUnavailable},
		{command(10107), storage.ErrUnavailable},
		{command(91), storage.ErrUnavailable},
		{command(50), storage.ErrUnavailable},
		{mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 64}}, storage.ErrUnavailable},
		{mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 10334}}}, storage.ErrTooLarge},
		{driver.ErrDocumentTooLarge, storage.ErrTooLarge},
		{storage.Invalid("no"), storage.ErrInvalid},
		{mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 2}}}, storage.ErrInvalid},
		{mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 121}}}, storage.ErrInvalid},
		{command(121), nil},
		{errors.New("bug"), nil},
	} {
		got := classify("testing", c.err)
		known := errors.Is(got, storage.ErrUnavailable) || errors.Is(got, storage.ErrTooLarge) || errors.Is(got, storage.ErrInvalid)
		if c.want != nil && !errors.Is(got, c.want) || c.want == nil && known || c.want == context.Canceled && known {
			t.Errorf("%v became %v", c.err, got)
		}
	}
	if classify("testing", nil) != nil {
		t.Error("nothing became an error")
	}
}

// TestFailed: what the caller's context ended is told as that, what our own limit ended is not.
func TestFailed(t *testing.T) {
	ended, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if err := failed(ended, "testing", context.DeadlineExceeded); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("the caller's deadline: %v", err)
	}
	if err := failed(t.Context(), "testing", context.DeadlineExceeded); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("our own deadline: %v", err)
	}
	if failed(ended, "testing", nil) != nil {
		t.Error("success became an error")
	}
}

// TestErrorsHoldNoCredentials: not in the text, and not in what they wrap.
func TestErrorsHoldNoCredentials(t *testing.T) {
	secret := fmt.Errorf("dialing mongodb+srv://me:hunter2@host/db?x=1 failed: %w", topology.ConnectionError{Wrapped: errors.New("mongodb://me:hunter2@host")})
	for _, err := range []error{classify("testing", secret), unavailable("testing", secret)} {
		for ; err != nil; err = errors.Unwrap(err) {
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "hunter2") || strings.Contains(text, "me:") {
				t.Errorf("%s", text)
			}
			var known *storage.Error
			if errors.As(err, &known) {
				err = known.Cause
			}
		}
	}
}
