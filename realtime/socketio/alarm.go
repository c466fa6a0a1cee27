package socketio

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/security"
	"nightwire/storage"
)

// ackEvent says that alarms have been noticed.
const ackEvent = "ack"

// alarmed is the answer to a subscription to alarms. What the socket may do is told unless it showed an access token.
type alarmed struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Read    *bool  `json:"read,omitempty"`
	Ack     *bool  `json:"ack,omitempty"`
}

// enterAlarm sets up a socket that has just joined /alarm.
func (s *Server) enterAlarm(sock *socket.Socket) {
	l := s.enterAs(sock, s.notices, (*listener).admitAlarm)
	_ = sock.On(ackEvent, s.safely(func(args ...any) { l.ack(args) }))
	s.enter(sock, l.session.Leave)
}

// admitAlarm subscribes a socket to alarms (spec §4). A known access token is enough to hear them; whoever shows something
// else, or nothing, hears them while it may read everything.
func (l *listener) admitAlarm(message map[string]any) (answer any) {
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	version := l.server.guard.Version()
	answer, err := l.admitBy(ctx, message)
	if err != nil {
		return l.unadmitted(err)
	}
	l.rejudgeSince(ctx, version)
	return answer
}

// admitBy subscribes a socket by whatever the message shows. Errors: security.ErrUnauthenticated; others end the connection.
func (l *listener) admitBy(ctx context.Context, message map[string]any) (answer alarmed, err error) {
	answer = alarmed{Success: true, Message: "Subscribed for alarms"}
	var g grant
	if token := message["accessToken"]; token != nil && token != "" {
		if g, err = l.identify(ctx, candidates(token)); err != nil {
			return answer, err
		}
	} else {
		if g.who, err = l.recognise(ctx, message); err != nil {
			return answer, err
		}
		if answer.Read, err = l.may(ctx, g.who, storage.HearAlarms); err != nil {
			return answer, err
		}
		if answer.Ack, err = l.may(ctx, g.who, storage.AckAlarms); err != nil {
			return answer, err
		}
	}
	l.remember(g)
	l.session.SubscribeAlarms(g.who, g.token != "")
	return answer, nil
}

// recognise finds out who shows a hash of API_SECRET, a JSON web token or nothing at all, who is anonymous.
func (l *listener) recognise(ctx context.Context, message map[string]any) (security.Identity, error) {
	secret, isText := text(message["secret"])
	token, areTexts := text(message["jwtToken"])
	none := secret == "" && token == ""
	switch {
	case !isText || !areTexts || none && l.server.promptOnLoad:
		return security.Identity{}, security.ErrUnauthenticated
	case none:
		return security.Anonymous(), nil
	}
	if who, err := l.server.guard.BySecret(secret); err == nil {
		return who, nil
	}
	who, err := l.server.guard.ByJWT(ctx, token)
	if errors.Is(err, security.ErrUnauthenticated) && !errors.Is(err, security.ErrExpired) {
		return who, l.failed()
	}
	return who, err
}

// text is a string that may be missing; ok is false for anything else.
func text(v any) (s string, ok bool) {
	if v == nil {
		return "", true
	}
	s, ok = v.(string)
	return s, ok
}

// may tells whether somebody holds a permission now.
func (l *listener) may(ctx context.Context, who security.Identity, p security.Permission) (*bool, error) {
	err := l.server.guard.Check(ctx, who, p)
	if err != nil && !errors.Is(err, security.ErrForbidden) {
		return nil, err
	}
	return new(err == nil), nil
}

// ack handles the event: level, group and for how many milliseconds to be silent. It is not answered. Whoever of those by
// whom the socket subscribed may acknowledge does it; what is malformed, and what nobody of them may, is ignored.
func (l *listener) ack(args []any) {
	defer l.conn.Peer().(*peer).done()
	level, group, silence, ok := acknowledged(args)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	for _, who := range l.identities() {
		err := l.server.alarms.Ack(ctx, storage.Request{Who: who}, level, group, silence)
		switch {
		case err == nil, errors.Is(err, storage.ErrInvalid):
			return
		case !errors.Is(err, security.ErrForbidden):
			l.server.log.Warn("acknowledgement not kept", "reason", err)
			return
		}
	}
}

// acknowledged reads the arguments of ack. A group that is missing is the default one, and a time that is none is 0.
func acknowledged(args []any) (level storage.Level, group string, silence time.Duration, ok bool) {
	if len(args) == 0 {
		return 0, "", 0, false
	}
	n, ok := args[0].(float64)
	if !ok || n != math.Trunc(n) || n < float64(storage.Info) || n > float64(storage.Urgent) {
		return 0, "", 0, false
	}
	if len(args) > 1 {
		if group, ok = text(args[1]); !ok {
			return 0, "", 0, false
		}
	}
	if len(args) > 2 {
		if ms, isNumber := args[2].(float64); isNumber && ms > 0 {
			silence = time.Duration(min(ms, maxSilenceMS)) * time.Millisecond
		}
	}
	return storage.Level(n), group, silence, true
}

// maxSilenceMS keeps a client's time within a Duration; what is sensible is for storage to say.
const maxSilenceMS = 1e12
