//! Recursive Fibonacci numbers by join.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn fib(n: usize) -> usize {
    if n < 2 {
        return n;
    }
    let (one, two) = rayon::join(|| fib(n - 1), || fib(n - 2));
    one + two
}

fn fib_of(n: usize) -> usize {
    (0..n)
        .fold((0, 1), |(value, next), _| (next, value + next))
        .0
}

fn main() {
    let mut bench = Bench::parse("fib", 27);
    bench.items = 2 * fib_of(bench.size + 1) - 1;
    let pool = bench.pool();
    bench.measure(|bench| {
        bench.start();
        let value = pool.install(|| fib(bench.size));
        bench.stop();
        value == fib_of(bench.size)
    });
}
