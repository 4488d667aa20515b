// Tasks of --size nanoseconds of work in one errgroup.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

func run(bench *Bench) bool {
	marks := make(Marks, bench.items)
	steps := steps(float64(bench.size))
	bench.start()
	var group errgroup.Group
	for i := range marks {
		i := i
		group.Go(func() error {
			work(steps)
			marks[i] = 1
			return nil
		})
	}
	err := group.Wait()
	bench.stop()
	return err == nil && marks.all()
}

func main() {
	bench := parse("grain", 100)
	bench.items = 50000000 / bench.size
	if bench.items < 1000 {
		bench.items = 1000
	} else if bench.items > 1000000 {
		bench.items = 1000000
	}
	bench.measure(run)
}
