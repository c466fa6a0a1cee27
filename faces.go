package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"nightwire/api"
	v2 "nightwire/api/v2"
	v3 "nightwire/api/v3"
	"nightwire/public"
	"nightwire/realtime"
	"nightwire/realtime/daptin"
	"nightwire/realtime/directus"
	"nightwire/realtime/socketio"
	"nightwire/realtime/socketio/engineio"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// publishPath is where Daptin's clients publish messages over HTTP.
const publishPath = "/action/world/publish_to_topic"

// connect builds the faces and the hub between the journal and the sockets.
func (s *server) connect(ctx context.Context) error {
	name, engineVersion := s.engine.Describe()
	documents := storage.NewDocuments(s.engine, s.guard, storage.Options{
		Collections: s.collections(), NoDedupFallback: !s.dedupFallback, NoCreatedAtFallback: !s.createdAtFallback,
		Prune: s.prune, SearchTime: s.searchTime, Log: s.log,
	})
	s.endDocuments = documents.Close
	hub, err := realtime.Open(ctx, s.engine, s.guard, documents.Collections(), s.log)
	if err != nil {
		return err
	}
	s.endHub = background(hub.Run)
	s.http = api.New(s.face())
	alarms := storage.NewAlarms(s.engine, s.guard)
	v2.Mount(s.http.Echo, v2.Options{Guard: s.guard, Log: s.log})
	v3.Mount(s.http.Echo, v3.Options{
		Documents: documents, Alarms: alarms, Guard: s.guard, MaxLimit: s.maxLimit, BasePath: s.basePath,
		Storage: name, StorageVersion: engineVersion, ServerVersion: version, TestRoute: s.testRoute, Log: s.log,
	})
	s.speakSocketIO(hub, alarms)
	s.speakDaptin(hub, documents)
	if err := s.speakUsers(hub); err != nil {
		return err
	}
	s.http.Echo.Any("/*", echo.WrapHandler(s.speakDirectus(hub, documents, public.Handler())))
	return nil
}

// speakSocketIO puts the namespaces /storage and /alarm in their place.
func (s *server) speakSocketIO(hub *realtime.Hub, alarms *storage.Alarms) {
	face := socketio.New(hub, s.guard, socketio.Options{
		Engine: engineio.Options{Address: s.http.Echo.IPExtractor}, Alarms: alarms, PromptOnLoad: s.promptOnLoad, Log: s.log,
	})
	s.cuts = append(s.cuts, face.Close)
	s.http.Echo.Any("/socket.io/", echo.WrapHandler(face.Handler()))
}

// speakDaptin puts Daptin's websocket and its HTTP twin in their places, if they are wanted.
func (s *server) speakDaptin(hub *realtime.Hub, documents *storage.Documents) {
	if s.liveOff {
		return
	}
	o, topics := s.live, s.topics
	topics.Collections = s.collections()
	o.Topics = storage.NewTopics(s.engine, s.guard, topics)
	o.Hub, o.Documents, o.Guard, o.Log, o.Address = hub, documents, s.guard, s.log, s.http.Echo.IPExtractor
	face := daptin.New(o)
	s.cuts = append(s.cuts, face.Close)
	s.http.Echo.Any(s.livePath, echo.WrapHandler(face.Handler()))
	s.http.Echo.Any(publishPath, echo.WrapHandler(face.PublishHandler()))
}

// speakDirectus puts Directus's websocket in its place, if it is wanted. It refuses the WebSockets of unknown paths too
// (spec directus-websocket §1), so what it returns serves these paths: pages, and those refusals.
func (s *server) speakDirectus(hub *realtime.Hub, documents *storage.Documents, pages http.Handler) http.Handler {
	if s.websocketOff {
		return pages
	}
	o := s.websocket
	o.Hub, o.Documents, o.Guard, o.Log, o.Address = hub, documents, s.guard, s.log, s.http.Echo.IPExtractor
	face := directus.New(o)
	s.cuts = append(s.cuts, face.Close)
	s.http.Echo.Any(o.Path, echo.WrapHandler(face.Handler()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wire.IsUpgrade(r) {
			face.Handler().ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// cut ends the connections of all who listen, and waits for them until ctx ends.
func (s *server) cut(ctx context.Context) error {
	ended := make(chan error, len(s.cuts))
	for _, cut := range s.cuts {
		go func() { ended <- cut(ctx) }()
	}
	var err error
	for range s.cuts {
		err = errors.Join(err, <-ended)
	}
	return err
}

// face is what the HTTP face is to be.
func (s *server) face() api.Options {
	o := api.Options{
		BasePath: s.basePath, Ready: s.engine.Ping, Proxies: s.proxies, TLS: s.tls,
		Redirect: !s.insecureHTTP && !api.IsLoopback(s.listener), Log: s.log,
	}
	if s.cors {
		o.CORS = s.corsOrigin
	}
	return o
}
