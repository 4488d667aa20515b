// Empty tasks of one errgroup.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

func run(bench *Bench) bool {
	marks := make(Marks, bench.size)
	bench.start()
	var group errgroup.Group
	for i := range marks {
		i := i
		group.Go(func() error {
			marks[i] = 1
			return nil
		})
	}
	err := group.Wait()
	bench.stop()
	return err == nil && marks.all()
}

func main() {
	parse("flat", 1000000).measure(run)
}
