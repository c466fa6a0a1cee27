package engineio

import (
	"net"
	"net/http"
	"time"
)

// Options are the limits of a server. Zero values stand for the defaults, which are those of Node's engine where it has one.
type Options struct {
	PingInterval   time.Duration // between two heartbeats; 25 s
	PingTimeout    time.Duration // for the answer to a heartbeat; 20 s
	UpgradeTimeout time.Duration // for the change from polling to WebSocket; 10 s
	WriteTimeout   time.Duration // for one batch to a client; 10 s
	CloseTimeout   time.Duration // for a polling client to fetch its last packets; 5 s
	MaxPayload     int64         // bytes of one message or POST from a client; 1,000,000
	MaxQueue       int           // bytes that may wait for a client before it is cut; 1 MiB
	// Address names where a request comes from, for limits per address; by default the address of the TCP connection.
	Address func(*http.Request) string
}

func (o Options) withDefaults() Options {
	orDuration(&o.PingInterval, 25*time.Second)
	orDuration(&o.PingTimeout, 20*time.Second)
	orDuration(&o.UpgradeTimeout, 10*time.Second)
	orDuration(&o.WriteTimeout, 10*time.Second)
	orDuration(&o.CloseTimeout, 5*time.Second)
	if o.MaxPayload == 0 {
		o.MaxPayload = 1_000_000
	}
	if o.MaxQueue == 0 {
		o.MaxQueue = 1 << 20
	}
	if o.Address == nil {
		o.Address = tcpAddress
	}
	return o
}

func orDuration(d *time.Duration, standard time.Duration) {
	if *d == 0 {
		*d = standard
	}
}

func tcpAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
