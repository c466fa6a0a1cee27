// Package public is what a browser is given: the page that shows /storage live, the sample of the specification, and the
// Socket.IO clients both use. Everything is embedded in the binary and works offline; no page loads anything from
// another origin. It knows no documents and no tokens: the pages get them over the same socket as every other client.
//
// Read handler.go first; socket.io/README.md says where the client files come from.
package public

import (
	"embed"
	"io/fs"
)

//go:embed *.html *.css *.js *.svg socket.io
var files embed.FS

// Files are the embedded files by their names in this folder, for example "index.html".
var Files fs.FS = files
