// By how much the peak of the program's memory grows while one producer adds empty tasks. They count
// by an atomic addition, because marks would take memory of their own.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"
	"golang.org/x/sync/errgroup"
	"os"
	"strings"
	"sync/atomic"
)

func peak() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	var kb float64
	if at := strings.Index(string(status), "VmHWM:"); at >= 0 {
		_, _ = fmt.Sscan(string(status[at+len("VmHWM:"):]), &kb)
	}
	return kb
}

func run(bench *Bench) bool {
	var done int64
	before := peak()
	var group errgroup.Group
	for i := 0; i < bench.size; i++ {
		group.Go(func() error {
			atomic.AddInt64(&done, 1)
			return nil
		})
	}
	err := group.Wait()
	bench.value = peak() - before
	return err == nil && done == int64(bench.size)
}

func main() {
	bench := parse("memory", 10000000)
	bench.cold = true
	bench.repeat = 1
	bench.unit = "kB"
	bench.measure(run)
}
