package main

import (
	"fmt"
	"slices"
)

// live measures REST of a server with many open sockets on /live beside that of a server with none, in turn. The sockets
// listen to a collection where nothing happens; what events cost is another measurement.
func live(o options) error {
	var sides [2]side
	for i := range sides {
		s, err := newSide(o)
		if err != nil {
			return err
		}
		defer s.stop()
		sides[i] = s
	}
	sockets, err := gather(o.clients, onLive(sides[1].address, sides[1].accessToken, "treatments"))
	if err != nil {
		return err
	}
	defer sockets.close()
	var ratios [2][]float64
	fmt.Printf("round  writes/s: none  %6d  ratio  reads/s: none  %6d  ratio\n", o.clients, o.clients)
	for round := range o.rounds {
		var rates [2]rates
		for turn := range sides {
			i := (turn + round) % 2 // neither is always the first
			if rates[i], err = sides[i].measure(o); err != nil {
				return err
			}
		}
		none, many := rates[0], rates[1]
		ratios[0], ratios[1] = append(ratios[0], many.writes/none.writes), append(ratios[1], many.reads/none.reads)
		fmt.Printf("%5d  %14.0f  %6.0f  %5.2f  %13.0f  %6.0f  %5.2f\n", round,
			none.writes, many.writes, ratios[0][round], none.reads, many.reads, ratios[1][round])
	}
	fmt.Printf("median of the ratios: writes %.2f, reads %.2f; %d of %d sockets were closed\n",
		median(ratios[0]), median(ratios[1]), sockets.dead.Load(), o.clients)
	return nil
}

// side is one of two servers, with the connections of those who ask it.
type side struct {
	*process
	account
	askers []*writer
}

func newSide(o options) (side, error) {
	p, who, err := launchNightwire(o)
	if err != nil {
		return side{}, err
	}
	s := side{p, who, make([]*writer, writers)}
	for i := range s.askers {
		if s.askers[i], err = newWriter(p.address, who.jwt); err != nil {
			p.stop()
			return side{}, err
		}
	}
	return s, nil
}

// rates are requests a second.
type rates struct{ writes, reads float64 }

func (s side) measure(o options) (r rates, err error) {
	if r.writes, err = s.load(o, func(w *writer, n int) error { return w.post(document(n)) }); err != nil {
		return r, err
	}
	r.reads, err = s.load(o, func(w *writer, _ int) error { return w.get("/api/v3/entries?limit=10") })
	return r, err
}

func (s side) load(o options, do func(w *writer, n int) error) (float64, error) {
	next := 0
	return load(o.length, func() (func(int) error, error) {
		w := s.askers[next]
		next++
		return func(n int) error { return do(w, n) }, nil
	})
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
