//! Sum of doubles over chunks, in whatever order.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;
use rayon::prelude::*;

const LANES: usize = 8;

/// In lanes, because the compiler may not change the order of additions.
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f64 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    rest + lanes.iter().sum::<f64>()
}

fn main() {
    let bench = Bench::parse("reduce", 10000000);
    let pool = bench.pool();
    pool.install(|| {
        let values: Vec<f64> = (0..bench.size)
            .into_par_iter()
            .map(|i| (i % 1000) as f64)
            .collect();
        let expected: f64 = values.iter().sum();
        bench.measure(|bench| {
            bench.start();
            let total: f64 = values.par_chunks(8192).map(sum).sum();
            bench.stop();
            total == expected
        });
    });
}
