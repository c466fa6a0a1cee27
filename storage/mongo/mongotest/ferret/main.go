// Command ferret runs FerretDB until it is interrupted: a MongoDB without its concurrency, change streams and transactions,
// for trying out and for tests with real clients. It prints the server's URI when it can be used.
//
//	go run -tags ferretdb_no_postgresql ./ferret -dir /tmp/ferret -address 127.0.0.1:27017
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os/signal"
	"syscall"

	"nightwire/storage/mongo/mongotest"
)

func main() {
	dir := flag.String("dir", "ferret-data", "where the databases are kept")
	address := flag.String("address", "127.0.0.1:0", "host:port (0: a free port), or the path of a Unix socket")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	server, err := mongotest.Start(*dir, *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.URI)
	<-ctx.Done()
	server.Stop()
}
