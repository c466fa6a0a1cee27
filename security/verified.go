package security

import (
	"strings"
	"sync"
)

// maxVerified is how many tokens are remembered.
const maxVerified = 4096

// verified remembers tokens whose signature was good, since clients show the same one with every request for hours. What
// they may do is not remembered here, nor that they have not expired.
type verified struct {
	mu     sync.RWMutex
	claims map[string]claims
}

func (v *verified) find(token string) (claims, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c, ok := v.claims[token]
	return c, ok
}

// add remembers a token. When there are too many all are forgotten: that costs each of them one more verification.
func (v *verified) add(token string, c claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.claims) >= maxVerified || v.claims == nil {
		v.claims = make(map[string]claims)
	}
	v.claims[strings.Clone(token)] = c // the request that it is a part of is not to be kept
}
