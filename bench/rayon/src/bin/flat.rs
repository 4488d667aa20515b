//! Empty tasks of one scope.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn main() {
    let bench = Bench::parse("flat", 1000000);
    let pool = bench.pool();
    bench.measure(|bench| {
        bench.start();
        pool.scope(|scope| {
            for _ in 0..bench.size {
                scope.spawn(|_| tally(1));
            }
        });
        bench.stop();
        tally_take() == bench.size as u64
    });
}
