package security

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

const (
	loadTimeout = 10 * time.Second
	// loadPause is how long a failed load answers for the requests that follow, so that they do not queue up for one
	// timeout each while accounts cannot be read.
	loadPause = 250 * time.Millisecond
)

// Options of a Guard.
type Options struct {
	Accounts  Accounts
	APISecret string // at least 12 characters
	JWTKey    []byte // see NewJWTKey
	// DefaultRoles are held by everybody, in addition to a subject's own (AUTH_DEFAULT_ROLES; see SplitRoles).
	DefaultRoles []string
	Open         bool          // API3_SECURITY_ENABLE=false; see Guard.IsOpen
	FailDelay    time.Duration // AUTH_FAIL_DELAY; see Attempts
	// Known are the permissions that the server's own routes ask for, as GET /permissions lists them; those of this
	// package need not be named.
	Known []Permission
	// Happened is told what happens to subjects through this Guard, in order, before the call that made it happen returns;
	// nil: nobody wants to know. It must heed ctx, which ends soon: it cannot make that call fail. What other programs and
	// other nodes do to the accounts is not told.
	Happened func(ctx context.Context, events []AccountEvent)
	Now      func() time.Time // for issuing and judging JWTs; nil: time.Now
}

// Guard judges identities and permissions. It caches all accounts under a version that Raise increases.
type Guard struct {
	accounts     Accounts
	secret       apiSecret
	signer       signer
	defaultRoles []string
	open         bool
	attempts     *Attempts
	known        []Permission
	happened     func(context.Context, []AccountEvent)
	now          func() time.Time

	version  atomic.Uint64
	snapshot atomic.Pointer[snapshot]
	loading  chan struct{} // holds one token while somebody loads
	writing  chan struct{} // holds one token while somebody writes an account
	failure  loadFailure   // belongs to whoever loads
}

type loadFailure struct {
	err   error
	until time.Time
}

// NewGuard returns a Guard that reads the accounts when it is first asked. It fails on a secret or key that is too short.
func NewGuard(o Options) (*Guard, error) {
	if len(o.APISecret) < MinSecret {
		return nil, fmt.Errorf("API_SECRET must have at least %d characters", MinSecret)
	}
	if len(o.JWTKey) < 32 {
		return nil, errors.New("the key for JSON web tokens must have at least 32 bytes")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Guard{
		accounts:     o.Accounts,
		secret:       newAPISecret(o.APISecret),
		signer:       newSigner(o.JWTKey, o.Now),
		defaultRoles: unique(o.DefaultRoles),
		open:         o.Open,
		attempts:     NewAttempts(o.FailDelay),
		known:        knownPermissions(o.Known),
		happened:     o.Happened,
		now:          o.Now,
		loading:      make(chan struct{}, 1),
		writing:      make(chan struct{}, 1),
	}
	g.version.Store(1)
	return g, nil
}

// SplitRoles reads AUTH_DEFAULT_ROLES: names separated by spaces, commas or colons.
func SplitRoles(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ':' })
}

// IsOpen tells that APIv3 asks nobody for a token and permits everything (API3_SECURITY_ENABLE=false). Its requests bear
// OpenIdentity.
func (g *Guard) IsOpen() bool { return g.open }

// OpenIdentity is the identity of an APIv3 request while IsOpen; it holds no right otherwise.
func (g *Guard) OpenIdentity() Identity { return Identity{kind: open} }

// Version changes whenever any right may have changed; what was judged under an older one must be judged again.
func (g *Guard) Version() uint64 { return g.version.Load() }

// Raise says that accounts have changed, here or on another node.
func (g *Guard) Raise() { g.version.Add(1) }

// Check is nil when the identity holds the permission now. Errors: *Forbidden, ErrUnavailable.
func (g *Guard) Check(ctx context.Context, id Identity, p Permission) error {
	if id.kind == secret || id.kind == open && g.open {
		return nil
	}
	s, err := g.current(ctx)
	if err != nil {
		return err
	}
	if !s.rightsOf(id).permit(p) {
		return &Forbidden{p}
	}
	return nil
}

// Exists tells whether an identity is still somebody: a subject may have been deleted since. Errors: ErrUnavailable.
func (g *Guard) Exists(ctx context.Context, id Identity) (bool, error) {
	if id.kind != subject {
		return true, nil
	}
	s, err := g.current(ctx)
	return err == nil && s.byID[id.subject] != nil, err
}

// current is the snapshot of the newest version. While nothing changes it costs two atomic loads.
func (g *Guard) current(ctx context.Context) (*snapshot, error) {
	if s := g.fresh(); s != nil {
		return s, nil
	}
	return g.load(ctx)
}

func (g *Guard) fresh() *snapshot {
	if s := g.snapshot.Load(); s != nil && s.version == g.version.Load() {
		return s
	}
	return nil
}

// load reads the accounts, once for all who wait for them. It outlives the request that happens to do it, whose client
// may leave, because the others wait for the outcome too.
func (g *Guard) load(ctx context.Context) (*snapshot, error) {
	select {
	case g.loading <- struct{}{}:
		defer func() { <-g.loading }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: waiting for accounts: %w", ErrUnavailable, context.Cause(ctx))
	}
	if s := g.fresh(); s != nil {
		return s, nil
	}
	if g.failure.err != nil && time.Now().Before(g.failure.until) {
		return nil, g.failure.err
	}
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	s, err := g.takeSnapshot(detached, g.version.Load())
	if err != nil {
		if detached.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		g.failure = loadFailure{err, time.Now().Add(loadPause)}
		return nil, err
	}
	g.failure = loadFailure{}
	g.snapshot.Store(s)
	return s, nil
}
