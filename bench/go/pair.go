// Errgroups of two empty tasks, one after the other, in a goroutine.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

func run(bench *Bench) bool {
	done := 0
	bench.start()
	for i := 0; i < bench.size; i++ {
		var group errgroup.Group
		var one, two int
		group.Go(func() error {
			one = 1
			return nil
		})
		group.Go(func() error {
			two = 1
			return nil
		})
		_ = group.Wait()
		done += one + two
	}
	bench.stop()
	return done == 2*bench.size
}

func main() {
	parse("pair", 200000).measure(run)
}
