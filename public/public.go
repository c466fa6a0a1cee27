// Package public is what a browser is given: the page that shows /storage live, the sample of the specification, the
// Socket.IO clients both use, the pages that try /websocket, /live and the Users event socket, and the description of the
// REST API (openapi.json) with a page that shows it. Everything is embedded in the binary and works offline; no page loads
// anything from another origin. It knows no documents and no tokens: the pages get them over the same socket as every
// other client.
//
// Read handler.go first; socket.io/README.md and swagger-ui/README.md say where the files of others come from.
package public

import (
	"embed"
	"io/fs"
)

//go:embed *.html *.css *.js *.svg openapi.json api3-docs socket.io swagger-ui
var files embed.FS

// Files are the embedded files by their names in this folder, for example "index.html".
var Files fs.FS = files
