package main

import (
	"fmt"
	"time"
)

// idle measures the resident memory of Nightwire per idle, subscribed WebSocket client.
func idle(o options) error {
	for round := range o.rounds {
		p, who, err := launchNightwire(o)
		if err != nil {
			return err
		}
		empty := p.rss()
		clients, err := gather(o.clients, onStorage(p.address, who.accessToken))
		if err != nil {
			p.stop()
			return err
		}
		time.Sleep(o.length) // idle
		full := p.rss()
		fmt.Printf("round %d: empty %.1f MB, with %d clients %.1f MB: %.1f KB a client\n", round,
			float64(empty)/1e6, o.clients, float64(full)/1e6, float64(full-empty)/1024/float64(o.clients))
		clients.close()
		p.stop()
	}
	return nil
}
