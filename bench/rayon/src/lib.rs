//! What every program of rayon shares: the same arguments, work, counting and line as bench.h.
//
// SPDX-License-Identifier: Apache-2.0

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::arch::asm;
use std::process::exit;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub struct Bench {
    workload: &'static str,
    pub mode: String,
    pub unit: &'static str,
    pub threads: usize,
    pub repeat: usize,
    pub cold: bool,
    pub size: usize,
    pub items: usize,
    pub value: f64,
    begun: Instant,
}

impl Bench {
    pub fn parse(workload: &'static str, size: usize) -> Bench {
        let mut bench = Bench {
            workload,
            mode: String::new(),
            unit: "ns",
            threads: 2,
            repeat: 3,
            cold: false,
            size,
            items: 0,
            value: 0.0,
            begun: Instant::now(),
        };
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        for pair in arguments.chunks(2) {
            let number = || pair[1].parse().unwrap();
            match pair[0].as_str() {
                "--threads" => bench.threads = number(),
                "--size" => bench.size = number(),
                "--repeat" => bench.repeat = number(),
                "--mode" => bench.mode = pair[1].clone(),
                _ => exit(2),
            }
        }
        bench.items = bench.size;
        bench
    }

    pub fn pool(&self) -> ThreadPool {
        self.pool_of(self.threads)
    }

    pub fn pool_of(&self, threads: usize) -> ThreadPool {
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    }

    pub fn start(&mut self) {
        self.begun = Instant::now();
    }

    pub fn stop(&mut self) {
        self.value = self.begun.elapsed().as_nanos() as f64 / self.items as f64;
    }

    fn run_checked(&mut self, run: &impl Fn(&mut Bench) -> bool) {
        if !run(self) {
            eprintln!("{} of rayon: wrong result", self.workload);
            exit(1);
        }
    }

    /// As bench_warm_up.
    fn warm_up(&mut self, run: &impl Fn(&mut Bench) -> bool) {
        let begun = Instant::now();
        self.run_checked(run);
        while self.threads > 1 && begun.elapsed() < Duration::from_millis(50) {
            self.run_checked(run);
        }
    }

    /// Runs, checks and prints.
    pub fn measure(mut self, run: impl Fn(&mut Bench) -> bool) {
        let mut values = Vec::new();
        if !self.cold {
            self.warm_up(&run);
        }
        for _ in 0..self.repeat {
            self.run_checked(&run);
            values.push(self.value);
        }
        values.sort_by(f64::total_cmp);
        let slash = if self.mode.is_empty() { "" } else { "/" };
        println!(
            "{}{}{},rayon,{},{},{:.3},{},ok",
            self.workload,
            slash,
            self.mode,
            self.threads,
            self.size,
            values[self.repeat / 2],
            self.unit
        );
    }
}

#[inline]
pub fn work(steps: u64) {
    let mut x = steps;
    for _ in 0..steps {
        x = x
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        unsafe { asm!("/* {0} */", inout(reg) x, options(nomem, nostack, preserves_flags)) };
    }
}

/// Keeps a loop that does nothing.
#[inline]
pub fn nothing() {
    unsafe { asm!("", options(nomem, nostack, preserves_flags)) };
}

/// How many steps take this long: BENCH_STEPS_PER_NS of the environment says it.
pub fn steps(nanoseconds: f64) -> u64 {
    let per_ns: f64 = std::env::var("BENCH_STEPS_PER_NS").map_or(1.0, |text| text.parse().unwrap());
    (nanoseconds * per_ns + 0.5) as u64
}

#[repr(align(64))]
struct Tally(AtomicU64);

const MAX_THREADS: usize = 1024;
const ZERO: Tally = Tally(AtomicU64::new(0));
static TALLIES: [Tally; MAX_THREADS] = [ZERO; MAX_THREADS];
static USED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OWN: &'static AtomicU64 = &TALLIES[USED.fetch_add(1, Relaxed)].0;
}

#[inline]
pub fn tally(n: u64) {
    OWN.with(|own| own.store(own.load(Relaxed) + n, Relaxed));
}

/// The sum of all threads, which count from 0 again.
pub fn tally_take() -> u64 {
    TALLIES.iter().map(|tally| tally.0.swap(0, Relaxed)).sum()
}
