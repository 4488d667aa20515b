//! Scopes of two empty tasks, one after the other, in the pool.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn nest(groups: usize) {
    for _ in 0..groups {
        rayon::scope(|scope| {
            scope.spawn(|_| tally(1));
            scope.spawn(|_| tally(1));
        });
    }
}

fn main() {
    let bench = Bench::parse("pair", 200000);
    let pool = bench.pool();
    bench.measure(|bench| {
        bench.start();
        pool.install(|| nest(bench.size));
        bench.stop();
        tally_take() == 2 * bench.size as u64
    });
}
