package realtime

import "nightwire/storage"

// Frame is one change as one protocol sends it. It is shared by all sessions and never written to.
type Frame []byte

// Form is one way to write changes. Each change is encoded once per form, when the first session wants it.
type Form struct {
	encode func(storage.Change) Frame

	// The last frame belongs to the hub's Run.
	number uint64
	frame  Frame
}

// NewForm returns a form, to be shared by all sessions of one hub that speak it. A change for which encode returns nil is
// told to none of them.
func NewForm(encode func(storage.Change) Frame) *Form { return &Form{encode: encode} }

// encoded is the frame of the change with that number; numbers start at 1.
func (f *Form) encoded(c storage.Change, number uint64) Frame {
	if f.number != number {
		f.number, f.frame = number, f.encode(c)
	}
	return f.frame
}
