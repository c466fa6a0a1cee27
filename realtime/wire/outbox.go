package wire

// Outbox is what waits to be written to one client, oldest first. Its owner's lock guards it.
type Outbox struct {
	frames  []Frame
	spare   []Frame // an empty queue, to swap with
	queued  int     // bytes in frames
	writing int     // bytes in batches that are being written
}

// Waiting is how many bytes have not been written yet.
func (o *Outbox) Waiting() int { return o.queued + o.writing }

// Empty tells whether nothing is queued. Something may still be being written.
func (o *Outbox) Empty() bool { return len(o.frames) == 0 }

// Fits tells whether so many bytes more are within the bound. A frame counts for at most half of the bound, so that one
// that is larger, as some documents and answers are, is let in when little waits.
func (o *Outbox) Fits(size, bound int) bool { return o.Waiting()+min(size, bound/2) <= bound }

// Push appends a frame.
func (o *Outbox) Push(f Frame) {
	o.frames = append(o.frames, f)
	o.queued += len(f)
}

// PushPong appends the answer to a ping, in place of one that nothing has followed: only the newest ping needs its answer,
// and a client that sends many is not to fill the memory.
func (o *Outbox) PushPong(f Frame) {
	if last := len(o.frames) - 1; last >= 0 && o.frames[last][0] == byte(PongFrame) {
		o.queued += len(f) - len(o.frames[last])
		o.frames[last] = f
		return
	}
	o.Push(f)
}

// Take empties the queue for writing; Wrote is to be called afterwards. The size is in bytes.
func (o *Outbox) Take() (batch []Frame, size int) {
	batch, size = o.frames, o.queued
	o.frames, o.spare = o.spare, nil
	o.queued, o.writing = 0, o.writing+size
	return batch, size
}

// Wrote gives back a batch that has been written.
func (o *Outbox) Wrote(batch []Frame, size int) {
	o.writing -= size
	clear(batch)
	if cap(batch) <= 64 && o.spare == nil {
		o.spare = batch[:0]
	}
}

// Clear forgets what is queued.
func (o *Outbox) Clear() { o.frames, o.spare, o.queued = nil, nil, 0 }
