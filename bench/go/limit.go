// Tasks of 1 us, of which SetLimit lets some run at once: Go blocks until there is room.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"golang.org/x/sync/errgroup"
	"strconv"
)

func run(bench *Bench) bool {
	marks := make(Marks, bench.size)
	steps := steps(1000)
	bench.start()
	var group errgroup.Group
	if limit, err := strconv.Atoi(bench.mode); err == nil {
		group.SetLimit(limit)
	}
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
	parse("limit", 50000).measure(run)
}
