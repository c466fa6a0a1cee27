package daptin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"nightwire/security"
	"nightwire/storage"
)

// PublishPath is where PublishHandler belongs.
const PublishPath = "/action/world/publish_to_topic"

// errUnread is a body that ended early.
var errUnread = &fault{"request cannot be read"}

// servePublish publishes a message for those without a socket (spec §5). The same tokens count as for a socket, the same
// rights, and the same limits.
func (s *Server) servePublish(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answerAction(w, http.StatusMethodNotAllowed, failed("method not allowed"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	topic, err := s.publishRequested(ctx, r, http.MaxBytesReader(w, r.Body, s.options.Wire.MaxMessage))
	if err != nil {
		status, text := actionFault(err, topic)
		if status == http.StatusInternalServerError {
			s.options.Log.Error("message of an action cannot be published", "topic", topic, "error", err)
		}
		answerAction(w, status, failed(text))
		return
	}
	answerAction(w, http.StatusOK,
		outcome{"client.notify", data{"message": "Message published to " + topic, "title": "Success", "type": "success"}},
		outcome{"publish_to_topic", data{"message": "published", "topic": topic}})
}

// publishRequested does what a request asks for, and returns the topic. It finds out who asks before it reads what.
func (s *Server) publishRequested(ctx context.Context, r *http.Request, body io.Reader) (string, error) {
	shown, err := s.authenticate(ctx, r)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnread, err)
	}
	topic, message, err := decodeAction(text)
	if err != nil {
		return "", err
	}
	return topic, s.options.Topics.Publish(ctx, storage.Request{Who: shown.Who}, topic, message)
}

// decodeAction reads {"attributes":{"topicName":...,"message":...}}. The message may be anything but null. Errors:
// storage.ErrInvalid.
func decodeAction(text []byte) (topic string, message storage.Value, err error) {
	body, err := decodeValue(text)
	if err != nil {
		return "", "", err
	}
	attributes := body.Get("attributes")
	topic, message = attributes.Get("topicName").Text(), attributes.Get("message")
	switch {
	case topic == "":
		err = storage.Invalid("missing or invalid topicName")
	case message == "" || message == "null":
		err = storage.Invalid("missing or invalid message")
	}
	return topic, message, err
}

// actionFault is how an error about a topic is answered.
func actionFault(err error, topic string) (status int, text string) {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, "request too large"
	case errors.Is(err, errUnread):
		return http.StatusBadRequest, errUnread.message
	case errors.Is(err, security.ErrUnauthenticated):
		return http.StatusUnauthorized, unauthorized[Doc]
	case errors.Is(err, security.ErrForbidden):
		return http.StatusForbidden, "permission denied: " + topic
	case errors.Is(err, storage.ErrNotFound):
		return http.StatusNotFound, "topic not found: " + topic
	case errors.Is(err, storage.ErrTooLarge):
		return http.StatusRequestEntityTooLarge, shownText(err)
	case errors.Is(err, storage.ErrInvalid):
		return http.StatusBadRequest, shownText(err)
	case isUnavailable(err):
		return http.StatusServiceUnavailable, errUnavailable.message
	default:
		return http.StatusInternalServerError, errInternal.message
	}
}

// outcome is one of the things that an action has to say, as Daptin's clients are told it.
type outcome struct {
	ResponseType string
	Attributes   data
}

func failed(why string) outcome {
	return outcome{"client.notify", data{"message": why, "title": "failed", "type": "error"}}
}

func answerAction(w http.ResponseWriter, status int, outcomes ...outcome) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(encoded(outcomes)) // whoever has gone does not need it
}
