//! Parallel iterators: the loops of loop.h.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;
use rayon::prelude::*;

const LOOPS: usize = 2000; // of mode "empty" in a run on one or two threads; fewer on more

fn triad(bench: Bench) {
    let array = |value: f64| -> Vec<f64> {
        (0..bench.size)
            .into_par_iter()
            .map(|i| value + (i % 16) as f64)
            .collect()
    };
    let (b, c) = (array(1.0), array(2.0));
    let a = std::cell::RefCell::new(array(0.0));
    bench.measure(|bench| {
        let mut a = a.borrow_mut();
        bench.start();
        a.par_iter_mut()
            .zip(&b)
            .zip(&c)
            .for_each(|((a, b), c)| *a = b + 3.0 * c);
        bench.stop();
        let right = (0..bench.size).all(|i| a[i] == b[i] + 3.0 * c[i]);
        a.fill(0.0);
        right
    });
}

fn irregular(bench: Bench) {
    let cost = |i: usize| {
        let chance = (i as u32).wrapping_mul(2654435769) as f64 / 4294967296.0;
        let place = i as f64 / bench.size as f64;
        steps(50.0 * 100f64.powf((place + chance) / 2.0))
    };
    let costs: Vec<u64> = (0..bench.size).map(cost).collect();
    bench.measure(|bench| {
        bench.start();
        costs.par_iter().for_each(|&steps| {
            work(steps);
            tally(1);
        });
        bench.stop();
        tally_take() == bench.size as u64
    });
}

fn empty(mut bench: Bench) {
    bench.items = if bench.threads > 2 {
        2 * LOOPS / bench.threads
    } else {
        LOOPS
    };
    bench.mode = "empty".to_string();
    bench.measure(|bench| {
        bench.start();
        for _ in 0..bench.items {
            (0..bench.size).into_par_iter().for_each(|_| nothing());
        }
        bench.stop();
        for _ in 0..bench.items {
            (0..bench.size).into_par_iter().for_each(|_| tally(1));
        }
        tally_take() == (bench.size * bench.items) as u64
    });
}

fn main() {
    let bench = Bench::parse("loop", 1000);
    let pool = bench.pool();
    pool.install(|| match bench.mode.as_str() {
        "triad" => triad(bench),
        "irregular" => irregular(bench),
        _ => empty(bench),
    });
}
