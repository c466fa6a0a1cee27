package main

import (
	"context"

	"github.com/labstack/echo/v4"

	"nightwire/api"
	v2 "nightwire/api/v2"
	v3 "nightwire/api/v3"
	"nightwire/public"
	"nightwire/realtime"
	"nightwire/realtime/socketio"
	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// connect builds the faces and the hub between the journal and the sockets.
func (s *server) connect(ctx context.Context) error {
	name, engineVersion := s.engine.Describe()
	documents := storage.NewDocuments(s.engine, s.guard, storage.Options{
		NoDedupFallback: !s.dedupFallback, NoCreatedAtFallback: !s.createdAtFallback,
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
	s.sockets = socketio.New(hub, s.guard, socketio.Options{
		Engine: engineio.Options{Address: s.http.Echo.IPExtractor}, Alarms: alarms, PromptOnLoad: s.promptOnLoad, Log: s.log,
	})
	v2.Mount(s.http.Echo, v2.Options{Guard: s.guard, Log: s.log})
	v3.Mount(s.http.Echo, v3.Options{
		Documents: documents, Alarms: alarms, Guard: s.guard, MaxLimit: s.maxLimit, BasePath: s.basePath,
		Storage: name, StorageVersion: engineVersion, ServerVersion: version, TestRoute: s.testRoute, Log: s.log,
	})
	page := echo.WrapHandler(public.Handler())
	s.http.Echo.Any("/socket.io/", echo.WrapHandler(s.sockets.Handler()))
	s.http.Echo.Any("/*", page)
	return nil
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
