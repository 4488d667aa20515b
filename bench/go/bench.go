// What every program of Go shares: the same arguments, work and line as bench.h.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

type Bench struct {
	workload, mode, unit         string
	threads, repeat, size, items int
	cold                         bool
	value                        float64
	begun                        time.Time
}

func parse(workload string, size int) *Bench {
	bench := &Bench{workload: workload, unit: "ns"}
	flag.IntVar(&bench.threads, "threads", 2, "")
	flag.IntVar(&bench.repeat, "repeat", 3, "")
	flag.IntVar(&bench.size, "size", size, "")
	flag.StringVar(&bench.mode, "mode", "", "")
	flag.Parse()
	bench.items = bench.size
	runtime.GOMAXPROCS(bench.threads)
	return bench
}

func (bench *Bench) start() {
	bench.begun = time.Now()
}

func (bench *Bench) stop() {
	bench.value = float64(time.Since(bench.begun).Nanoseconds()) / float64(bench.items)
}

func (bench *Bench) check(right bool) {
	if !right {
		fmt.Fprintf(os.Stderr, "%s of go: wrong result\n", bench.workload)
		os.Exit(1)
	}
}

// As bench_warm_up.
func (bench *Bench) warmUp(run func(*Bench) bool) {
	begun := time.Now()
	bench.check(run(bench))
	for bench.threads > 1 && time.Since(begun) < 50*time.Millisecond {
		bench.check(run(bench))
	}
}

// Runs, checks and prints.
func (bench *Bench) measure(run func(*Bench) bool) {
	var values []float64
	if !bench.cold {
		bench.warmUp(run)
	}
	for i := 0; i < bench.repeat; i++ {
		bench.check(run(bench))
		values = append(values, bench.value)
	}
	sort.Float64s(values)
	slash := ""
	if bench.mode != "" {
		slash = "/"
	}
	fmt.Printf("%s%s%s,go,%d,%d,%.6g,%s,ok\n", bench.workload, slash, bench.mode, bench.threads,
		bench.size, values[bench.repeat/2], bench.unit)
}

var zero uint64

func work(steps uint64) {
	x := steps
	for i := uint64(0); i < steps; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 1 { // never: the compiler has to compute x
		zero = x
	}
}

// How many steps take this long: BENCH_STEPS_PER_NS of the environment says it.
func steps(nanoseconds float64) uint64 {
	perNs, err := strconv.ParseFloat(os.Getenv("BENCH_STEPS_PER_NS"), 64)
	if err != nil {
		perNs = 1
	}
	return uint64(nanoseconds*perNs + 0.5)
}

// A goroutine does not know its thread: each task marks a byte of its own.
type Marks []byte

func (marks Marks) all() bool {
	for _, mark := range marks {
		if mark != 1 {
			return false
		}
	}
	return true
}
