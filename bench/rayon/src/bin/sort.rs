//! Integers, or records of 48 bytes, by par_sort, which is stable.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;
use rayon::prelude::*;

#[derive(Clone, Copy, Default)]
#[allow(dead_code)]
struct Record {
    key: u32,
    place: u32,
    more: [u64; 5],
}

fn draw(state: &mut u64) -> u32 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    (*state >> 33) as u32
}

fn main() {
    let bench = Bench::parse("sort", 10000000);
    let pool = bench.pool();
    let (n, records) = (bench.size, bench.mode == "records");
    pool.install(|| {
        bench.measure(|bench| {
            let mut state = 1;
            if records {
                let mut all: Vec<Record> = (0..n)
                    .map(|place| Record {
                        key: draw(&mut state) % n as u32,
                        place: place as u32,
                        ..Default::default()
                    })
                    .collect();
                bench.start();
                all.par_sort_by_key(|record| record.key);
                bench.stop();
                return all
                    .windows(2)
                    .all(|pair| (pair[0].key, pair[0].place) < (pair[1].key, pair[1].place));
            }
            let mut all: Vec<i32> = (0..n).map(|_| draw(&mut state) as i32).collect();
            bench.start();
            all.par_sort();
            bench.stop();
            all.windows(2).all(|pair| pair[0] <= pair[1])
        });
    });
}
