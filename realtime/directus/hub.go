package directus

import (
	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
)

func newForm(encode func([]storage.Change) []realtime.Frame) *realtime.Form {
	return realtime.NewForm(func(c storage.Change) realtime.Frame {
		if frames := encode([]storage.Change{c}); len(frames) > 0 {
			return frames[0]
		}
		return nil
	})
}

func subscribeSubjects(s *realtime.Session, who security.Identity) {}

func told(h *realtime.Hub, group string) <-chan struct{} { return nil }
