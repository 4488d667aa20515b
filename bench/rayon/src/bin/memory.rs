//! By how much the peak of the program's memory grows while one producer adds empty tasks.
//
// SPDX-License-Identifier: Apache-2.0
use bench::*;

fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn main() {
    let mut bench = Bench::parse("memory", 10000000);
    bench.cold = true;
    bench.repeat = 1;
    bench.unit = "kB";
    bench.measure(|bench| {
        let before = peak();
        bench.pool().scope(|scope| {
            for _ in 0..bench.size {
                scope.spawn(|_| tally(1));
            }
        });
        bench.value = peak() - before;
        tally_take() == bench.size as u64
    });
}
