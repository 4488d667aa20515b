//! From the failure of a task to the end of the scope: see cancel.h. Tasks look at a flag.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const CANCEL_AT: u64 = 1000; // tasks done

fn main() {
    let mut bench = Bench::parse("cancel", 1000000);
    if bench.mode != "blind" {
        bench.mode = "looking".to_string();
    }
    let looks = bench.mode == "looking";
    let steps = steps(1000.0);
    let pool = bench.pool();
    bench.measure(|bench| {
        let (failed, done) = (AtomicBool::new(false), AtomicU64::new(0));
        let (begun, failed_at) = (Instant::now(), AtomicU64::new(0));
        let now = || begun.elapsed().as_nanos() as u64;
        let task = || {
            if failed.load(Relaxed) {
                return;
            }
            work(steps);
            if done.fetch_add(1, Relaxed) + 1 == CANCEL_AT {
                failed_at.store(now(), Relaxed);
                failed.store(true, Relaxed);
            }
        };
        pool.scope(|scope| {
            for _ in 0..bench.size {
                if looks && failed.load(Relaxed) {
                    break;
                }
                scope.spawn(|_| task());
            }
        });
        bench.value = (now() - failed_at.load(Relaxed)) as f64;
        failed.into_inner() && done.into_inner() < bench.size as u64 / 2
    });
}
