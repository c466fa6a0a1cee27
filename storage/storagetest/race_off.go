//go:build !race

package storagetest

// Race tells whether the race detector is on: tests of volume are left out or made smaller then.
const Race = false
