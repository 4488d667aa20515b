// From the failure of a task to the return of the wait: see cancel.h.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"context"
	"errors"
	"golang.org/x/sync/errgroup"
	"sync/atomic"
)

const cancelAt = 1000 // tasks done

var failure = errors.New("failure")

func run(bench *Bench) bool {
	looks := bench.mode == "looking"
	steps := steps(1000)
	var done int64
	group, ctx := errgroup.WithContext(context.Background())
	for i := 0; i < bench.size && !(looks && ctx.Err() != nil); i++ {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			work(steps)
			if atomic.AddInt64(&done, 1) == cancelAt {
				bench.start()
				return failure
			}
			return nil
		})
	}
	err := group.Wait()
	bench.stop()
	return err == failure && done < int64(bench.size/2)
}

func main() {
	bench := parse("cancel", 1000000)
	if bench.mode != "blind" {
		bench.mode = "looking"
	}
	bench.items = 1
	bench.measure(run)
}
