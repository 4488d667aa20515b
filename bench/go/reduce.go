// Sum of doubles in an errgroup, a chunk for each thread.
//
// SPDX-License-Identifier: Apache-2.0
package main

import "golang.org/x/sync/errgroup"

const lanes = 8

var values []float64

// In lanes, because the compiler may not change the order of additions.
func sum(values []float64) float64 {
	var a, b, c, d, e, f, g, h float64
	for ; len(values) >= lanes; values = values[lanes:] {
		a += values[0]
		b += values[1]
		c += values[2]
		d += values[3]
		e += values[4]
		f += values[5]
		g += values[6]
		h += values[7]
	}
	for _, value := range values {
		a += value
	}
	return a + b + c + d + e + f + g + h
}

func run(bench *Bench) bool {
	sums := make([]float64, bench.threads)
	bench.start()
	var group errgroup.Group
	for i := range sums {
		i := i
		part := values[len(values)*i/bench.threads : len(values)*(i+1)/bench.threads]
		group.Go(func() error {
			sums[i] = sum(part)
			return nil
		})
	}
	err := group.Wait()
	total := sum(sums)
	bench.stop()
	expected := 0
	for i := range values {
		expected += i % 1000
	}
	return err == nil && total == float64(expected)
}

func main() {
	bench := parse("reduce", 10000000)
	values = make([]float64, bench.size)
	for i := range values {
		values[i] = float64(i % 1000)
	}
	bench.measure(run)
}
