// Loops in an errgroup: a chunk for each thread, or sixteen where the iterations differ.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"golang.org/x/sync/errgroup"
	"math"
)

const loops = 2000 // of mode "empty" in a run on one or two threads; fewer on more

var a, b, c []float64
var costs []uint64

func forChunks(n, chunks int, body func(begin, end int) error) bool {
	var group errgroup.Group
	for chunk := 0; chunk < chunks; chunk++ {
		begin, end := n*chunk/chunks, n*(chunk+1)/chunks
		group.Go(func() error { return body(begin, end) })
	}
	return group.Wait() == nil
}

func triad(bench *Bench) bool {
	bench.start()
	right := forChunks(bench.size, bench.threads, func(begin, end int) error {
		a, b, c := a[begin:end], b[begin:end], c[begin:end]
		for i := range a {
			a[i] = b[i] + 3*c[i]
		}
		return nil
	})
	bench.stop()
	for i := range a {
		right = right && a[i] == b[i]+3*c[i]
		a[i] = 0
	}
	return right
}

func irregular(bench *Bench) bool {
	marks := make(Marks, bench.size)
	bench.start()
	right := forChunks(bench.size, 16*bench.threads, func(begin, end int) error {
		for i := begin; i < end; i++ {
			work(costs[i])
			marks[i] = 1
		}
		return nil
	})
	bench.stop()
	return right && marks.all()
}

func empty(bench *Bench) bool {
	done := make([]int, bench.size) // iterations, where their chunk begins
	right := true
	bench.start()
	for i := 0; i < bench.items; i++ {
		right = right && forChunks(bench.size, bench.threads, func(begin, end int) error {
			for k := begin; k < end; k++ {
			}
			done[begin] += end - begin
			return nil
		})
	}
	bench.stop()
	sum := 0
	for _, n := range done {
		sum += n
	}
	return right && sum == bench.size*bench.items
}

func array(n int, value float64) []float64 {
	array := make([]float64, n)
	for i := range array {
		array[i] = value + float64(i%16)
	}
	return array
}

func cost(i, n int) uint64 {
	chance := float64(uint32(i)*2654435769) / 4294967296
	place := float64(i) / float64(n)
	return steps(50 * math.Pow(100, (place+chance)/2))
}

func main() {
	bench := parse("loop", 1000)
	switch bench.mode {
	case "triad":
		a, b, c = array(bench.size, 0), array(bench.size, 1), array(bench.size, 2)
		bench.measure(triad)
	case "irregular":
		for i := 0; i < bench.size; i++ {
			costs = append(costs, cost(i, bench.size))
		}
		bench.measure(irregular)
	default:
		bench.mode = "empty"
		bench.items = loops
		if bench.threads > 2 {
			bench.items = 2 * loops / bench.threads
		}
		bench.measure(empty)
	}
}
