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
	var loads = []struct {
		name string
		do   func(w *writer, n int) error
	}{
		{"writes", func(w *writer, n int) error { return w.post(document(n)) }},
		{"reads", func(w *writer, _ int) error { return w.get("/api/v3/entries?limit=10") }},
	}
	fmt.Printf("round           per second: none  %5d  ratio   CPU µs: none  %5d  ratio\n", o.clients, o.clients)
	ratios := map[string][2][]float64{}
	for round := range o.rounds {
		for _, l := range loads {
			var speeds [2]speed
			for turn := range sides {
				i := (turn + round) % 2 // neither is always the first
				if speeds[i], err = sides[i].measure(o, l.do); err != nil {
					return err
				}
			}
			none, many, so := speeds[0], speeds[1], ratios[l.name]
			rate, cpu := many.rate/none.rate, many.cpu/none.cpu
			ratios[l.name] = [2][]float64{append(so[0], rate), append(so[1], cpu)}
			fmt.Printf("%5d  %-6s  %16.0f  %5.0f  %5.2f  %12.0f  %6.0f  %5.2f\n", round, l.name, none.rate, many.rate, rate, none.cpu, many.cpu, cpu)
		}
	}
	for _, l := range loads {
		fmt.Printf("median of the ratios, %s: per second %.2f, CPU %.2f\n", l.name, median(ratios[l.name][0]), median(ratios[l.name][1]))
	}
	fmt.Printf("%d of %d sockets were closed\n", sockets.dead.Load(), o.clients)
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

// speed is requests a second, and the server's processor time for one in µs. The latter says more on a busy machine.
type speed struct{ rate, cpu float64 }

func (s side) measure(o options, do func(w *writer, n int) error) (speed, error) {
	next, before := 0, s.cpu()
	rate, err := load(o.length, func() (func(int) error, error) {
		w := s.askers[next]
		next++
		return func(n int) error { return do(w, n) }, nil
	})
	return speed{rate, (s.cpu() - before).Seconds() * 1e6 / (rate * o.length.Seconds())}, err
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
