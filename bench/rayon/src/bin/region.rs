//! Scopes of two empty tasks from serial code outside the pool.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn main() {
    let bench = Bench::parse("region", 20000);
    let pool = bench.pool();
    bench.measure(|bench| {
        bench.start();
        for _ in 0..bench.size {
            pool.scope(|scope| {
                scope.spawn(|_| tally(1));
                scope.spawn(|_| tally(1));
            });
        }
        bench.stop();
        tally_take() == 2 * bench.size as u64
    });
}
