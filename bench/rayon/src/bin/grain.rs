//! Tasks of --size nanoseconds of work in one scope.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn main() {
    let mut bench = Bench::parse("grain", 100);
    bench.items = (50000000 / bench.size.max(1)).clamp(1000, 1000000);
    let steps = steps(bench.size as f64);
    let pool = bench.pool();
    bench.measure(|bench| {
        bench.start();
        pool.scope(|scope| {
            for _ in 0..bench.items {
                scope.spawn(move |_| {
                    work(steps);
                    tally(1);
                });
            }
        });
        bench.stop();
        tally_take() == bench.items as u64
    });
}
