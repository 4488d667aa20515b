// Recursive Fibonacci numbers, an errgroup for each call that is not a leaf.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

func fib(n int) int {
	if n < 2 {
		return n
	}
	var group errgroup.Group
	var one int
	group.Go(func() error {
		one = fib(n - 1)
		return nil
	})
	two := fib(n - 2)
	_ = group.Wait()
	return one + two
}

func fibOf(n int) int {
	value, next := 0, 1
	for i := 0; i < n; i++ {
		value, next = next, value+next
	}
	return value
}

func run(bench *Bench) bool {
	bench.start()
	value := fib(bench.size)
	bench.stop()
	return value == fibOf(bench.size)
}

func main() {
	bench := parse("fib", 27)
	bench.items = 2*fibOf(bench.size+1) - 1
	bench.measure(run)
}
