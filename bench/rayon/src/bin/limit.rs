//! Tasks of 1 us; a pool of as many threads as may run at once.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn main() {
    let bench = Bench::parse("limit", 50000);
    let steps = steps(1000.0);
    let limit = bench.mode.parse().unwrap_or(bench.threads); // the mode may be a word
    let pool = bench.pool_of(limit.min(bench.threads));
    bench.measure(|bench| {
        bench.start();
        pool.scope(|scope| {
            for _ in 0..bench.size {
                scope.spawn(move |_| {
                    work(steps);
                    tally(1);
                });
            }
        });
        bench.stop();
        tally_take() == bench.size as u64
    });
}
