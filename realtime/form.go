package realtime

import "nightwire/storage"

// Frame is one change, or several of one group, as one protocol sends them. It is shared by all sessions and never written
// to.
type Frame []byte

// Form is one way to write changes. Changes are encoded once per form, when the first session wants them.
type Form struct {
	encode func([]storage.Change) []Frame
	forget func() // nil: nothing to forget

	// The last frames belong to the hub's Run.
	number uint64
	frames []Frame
	parts  []Frame // what each change would be alone, once somebody wanted it
}

// NewForm returns a form, to be shared by all sessions of one hub that speak it, that makes a frame of each change. A change
// for which encode returns nil is told to none of them.
func NewForm(encode func(storage.Change) Frame) *Form {
	return NewGroupForm(func(changes []storage.Change) []Frame {
		frames := make([]Frame, len(changes))
		for i, c := range changes {
			frames[i] = encode(c)
		}
		return frames
	})
}

// NewGroupForm returns a form that is given what happened together: consecutive changes of one group, collection and kind.
// Large groups come in parts. It returns a frame for each change, one for all of them, or none; a nil frame is told to
// nobody. It must not keep the slice.
func NewGroupForm(encode func([]storage.Change) []Frame) *Form { return &Form{encode: encode} }

// Forgetting has f called, by the hub's Run, when all sessions have been told what the form encoded.
func (f *Form) Forgetting(forget func()) *Form {
	f.forget = forget
	return f
}

// done lets go of the frames: there may be a form for every subscription, and documents are large.
func (f *Form) done() {
	if f.frames, f.parts = nil, nil; f.forget != nil {
		f.forget()
	}
}

// encoded are the frames of the run with that number; numbers start at 1.
func (f *Form) encoded(changes []storage.Change, number uint64) []Frame {
	if f.number != number {
		f.number, f.frames, f.parts = number, f.encode(changes), nil
	}
	return f.frames
}

// apart are the frames that the changes of the run that was encoded last would be if each were alone.
func (f *Form) apart(changes []storage.Change) []Frame {
	if f.parts == nil {
		f.parts = make([]Frame, len(changes))
		for i := range changes {
			if alone := f.encode(changes[i : i+1]); len(alone) > 0 {
				f.parts[i] = alone[0]
			}
		}
	}
	return f.parts
}

// within are the changes that the frame at a place tells.
func within(frames []Frame, at int, changes []storage.Change) []storage.Change {
	if len(frames) == len(changes) {
		return changes[at : at+1]
	}
	return changes
}
