// Channels: a goroutine makes items, one for each thread marks them, one takes them in order. An item
// lies in one of 64 places, which the last stage gives back.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

const live = 64

type place struct {
	item  int
	ready chan struct{}
}

func places() chan *place {
	free := make(chan *place, live)
	for i := 0; i < live; i++ {
		free <- &place{ready: make(chan struct{}, 1)}
	}
	return free
}

func run(bench *Bench) bool {
	marks := make(Marks, bench.size)
	out := 0 // that came out in the order of the source
	bench.start()
	free, order, work := places(), make(chan *place, live), make(chan *place, live)
	var group errgroup.Group
	group.Go(func() error {
		defer close(order)
		defer close(work)
		for i := range marks {
			place := <-free
			place.item = i
			order <- place
			work <- place
		}
		return nil
	})
	for i := 0; i < bench.threads; i++ {
		group.Go(func() error {
			for place := range work {
				marks[place.item] = 1
				place.ready <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error {
		for place := range order {
			<-place.ready
			if place.item == out && marks[place.item] == 1 {
				out++
			}
			free <- place
		}
		return nil
	})
	err := group.Wait()
	bench.stop()
	return err == nil && out == bench.size
}

func main() {
	parse("pipeline", 200000).measure(run)
}
