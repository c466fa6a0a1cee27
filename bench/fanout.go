package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// fanout measures the CPU per delivery of Nightwire and of Node's socket.io, in turn: the same documents are posted to
// both at the same rate, and both emit each to all clients.
func fanout(o options) error {
	fmt.Println("server      round  deliveries      lost  CPU s/million")
	for round := range o.rounds {
		for _, side := range []struct {
			name   string
			launch func(options) (*process, account, error)
		}{{"nightwire", launchNightwire}, {"node", launchNode}} {
			p, who, err := side.launch(o)
			if err != nil {
				return err
			}
			err = fanoutRound(o, side.name, round, p, who)
			p.stop()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func launchNightwire(o options) (*process, account, error) {
	dir, err := os.MkdirTemp("", "nightwire-bench")
	if err != nil {
		return nil, account{}, err
	}
	p, _, err := launch(o.binary, dir)
	if err != nil {
		return nil, account{}, err
	}
	who, err := newAccount(p.address)
	return p, who, err
}

func launchNode(options) (*process, account, error) {
	port, err := freePort()
	if err != nil {
		return nil, account{}, err
	}
	p, _, err := run(exec.Command("node", "bench/node/server.js", port), "127.0.0.1:"+port, "/")
	return p, account{}, err
}

func fanoutRound(o options, name string, round int, p *process, who account) error {
	clients, err := gather(o.clients, onStorage(p.address, who.accessToken))
	if err != nil {
		return err
	}
	defer clients.close()
	w, err := newWriter(p.address, who.jwt)
	if err != nil {
		return err
	}
	defer w.close()
	events := int(o.length.Seconds() * float64(o.rate))
	before, began := p.cpu(), time.Now()
	for i := range events {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(o.rate))))
		if err := w.post(document(i)); err != nil {
			return err
		}
	}
	want := int64(events * o.clients)
	got := clients.await(want)
	used := p.cpu() - before
	fmt.Printf("%-11s %5d %11d %9d %14.2f\n", name, round, got, want-got, used.Seconds()/float64(got)*1e6)
	return nil
}
