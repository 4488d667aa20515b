#!/usr/bin/env python3
"""Report of runs of scripts/bench.sh.

    bench-report.py <results.csv>... --docs <file.md> [--readme <file.md>]

The oldest run comes first. The figures of a workload, with all its modes and peers, are those of the last
run that has it. Replaces what stands between the markers `<!-- results -->` and `<!-- /results -->` in both files (the
first is made if it is not there) and writes the plots beside the first one.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import collections
import math
import os
import shutil
import statistics
import subprocess
import tempfile

LIBRARY = "ompgroup"
RUNTIMES = ("libgomp", "libomp")
COMPILERS = {"libgomp": "gcc", "libomp": "clang"}
BEGIN, END = "<!-- results -->", "<!-- /results -->"

# (workload, what it is and its unit); in this order.
WORKLOADS = (
    ("atomic", "an uncontended atomic addition, ns"),
    ("call", "a call that looks at a flag and refuses, ns"),
    ("flat", "empty tasks from one producer, ns a task"),
    ("flat/queued", "empty tasks added before the wait, ns a task"),
    ("flat/copy", "empty tasks with a copy of their argument, 8 bytes, ns a task"),
    ("flat/copy64", "the same, 64 bytes, ns a task"),
    ("flat/with", "empty tasks with a drop, ns a task"),
    ("grain", "tasks that work as many ns as their size says, ns a task"),
    ("fib", "recursive Fibonacci, a group for each call, ns a call"),
    ("pair", "nested group of two empty tasks, ns a group"),
    ("region", "fork and join of two empty tasks from serial code, ns"),
    ("loop/triad", "triad over doubles, ns an element"),
    ("loop/irregular", "iterations of 50 ns to 5 us, ns an iteration"),
    ("loop/empty", "loop of 1,000 empty iterations, ns a loop"),
    ("reduce", "sum of doubles, ns an element"),
    ("scan", "prefix sums of doubles, ns an element"),
    ("sort", "integers of 32 bits in random order, ns an element"),
    ("sort/records", "records of 48 bytes in random order, ns a record"),
    ("pipeline", "pipeline of three empty stages, ns an item"),
    ("cancel/looking", "from a failure to the return of the wait, producer looks, ns"),
    ("cancel/blind", "the same, producer does not look, ns"),
    ("memory", "growth of the peak while one producer adds empty tasks, kB"),
    ("limit/none", "tasks of 1 us, no limit, ns a task"),
    ("limit/1", "tasks of 1 us, limit 1, ns a task"),
    ("limit/2", "tasks of 1 us, limit 2, ns a task"),
    ("limit/budget", "tasks of 1 us, budget for 2, ns a task"),
    ("local/none", "empty tasks, ns a task"),
    ("local/state", "empty tasks, each with a state of its own, ns a task"),
    ("local/twice", "the same, each asks for it twice, ns a task"),
    ("local/thread", "empty tasks, each with an element of an array by thread number, ns a task"),
    ("mailbox", "empty tasks from a thread that is not OpenMP's, during the wait, ns a task"),
    ("hold", "a hold that is taken and done, ns"),
    ("hold/wake", "from the last done, in another thread, to the return of a wait that sleeps, ns"),
    ("depth/plain", "group of one empty task inside as many groups as the size says, ns"),
    ("depth/named", "the same, each group has a name, ns"),
    ("depth/limited", "the same, each group has a limit, ns"),
    ("depth/timed", "the same, a timeout around all, ns"),
    ("depth/crowded", "the same, 7 more tasks wait at each level, ns"),
    ("depth/check", "a look whether the innermost group has stopped, ns"),
    ("depth/check_timed", "the same, a timeout around all, ns"),
    ("queens/cutoff", "N-queens, tasks down to a depth, ms"),
    ("queens/none", "N-queens, every node a task, ms"),
    ("uts/cutoff", "unbalanced tree search, tasks down to a depth, ms"),
    ("uts/none", "unbalanced tree search, every node a task, ms"),
    ("uts/deep", "unbalanced trees of 1,195 levels, every node a task, ms"),
    ("mergesort/cutoff", "merge sort, tasks of 32,768 and more, ms"),
    ("mergesort/none", "merge sort, tasks of 32 and more, ms"),
    ("sparselu/cutoff", "sparse LU in blocks of 64, a task for each row of blocks, ms"),
    ("sparselu/none", "sparse LU in blocks of 64, a task for each block, ms"),
    ("strassen/cutoff", "product of matrices by Strassen's recursion, tasks of 128 rows and more, ms"),
    ("strassen/none", "the same, tasks of 64 rows and more, ms"),
)


class Run:
    """What one file holds."""

    def __init__(self, path):
        self.facts = {}
        self.notes = []
        self.values = collections.defaultdict(dict)  # by workload, peer, threads, size; by round
        with open(path, encoding="utf-8") as file:
            for line in file:
                self._read(line.rstrip("\n"))

    def _read(self, line):
        if line.startswith("# more than") or line.startswith("# failed"):
            self.notes.append(line[2:])
        elif line.startswith("# "):
            key, _, value = line[2:].partition(": ")
            self.facts[key.rstrip(":")] = value
        elif not line.startswith("round,"):
            round_, workload, peer, threads, size, value, _, _ = line.split(",")
            self.values[workload, peer, int(threads), int(size)][int(round_)] = float(value)

    def workloads(self):
        """Without their modes."""
        return {key[0].partition("/")[0] for key in self.values}


class Results:
    """Medians and spreads, by workload, peer, threads and size."""

    def __init__(self, paths):
        self.runs = [Run(path) for path in paths]
        self.facts = self.runs[-1].facts
        self.values = {}
        self.rounds = {}  # by workload
        for run in self.runs:
            self._take(run)

    def _take(self, run):
        """Ratios are of one run: a workload's earlier figures go."""
        new = run.workloads()
        for key in [key for key in self.values if key[0].partition("/")[0] in new]:
            del self.values[key]
        self.values.update(run.values)
        self.rounds.update({key[0]: int(run.facts["rounds"]) for key in run.values})

    def sizes(self, workload, peer, threads):
        return sorted(k[3] for k in self.values if k[:3] == (workload, peer, threads))

    def largest(self, workload, peer, threads):
        return max(self.sizes(workload, peer, threads), default=None)

    def median(self, workload, peer, threads=2, size=None):
        """NaN where it was not measured. Without a size: the largest one."""
        size = size or self.largest(workload, peer, threads)
        values = self.values.get((workload, peer, threads, size))
        return statistics.median(values.values()) if values else math.nan

    def rounds_of(self, workload, peer, threads, size):
        """Empty, or how many of the run's rounds have a value, where it is not all."""
        rounds, values = self.rounds[workload], self.values[workload, peer, threads, size]
        return f" ({len(values)} of {rounds})" if len(values) < rounds else ""

    def peers(self, workload):
        """This library first, the fastest on two threads first among the others."""
        peers = {k[1] for k in self.values if k[0] == workload}
        at_two = lambda peer: self.median(workload, peer, 2)
        return sorted(peers, key=lambda peer: (not is_library(peer), math.isnan(at_two(peer)),
                                               at_two(peer), peer))

    def efficiency(self, peer, size, threads=2):
        serial = self.serial("grain", runtime_of(peer), size)
        return serial / (threads * self.median("grain", peer, threads, size))

    def serial(self, workload, runtime="", size=None):
        """By the compiler of the runtime; by GCC for peers that have none of both."""
        return self.median(workload, serial_peer(runtime), 1, size)

    def best_serial(self, workloads, runtime):
        """The least of workloads that solve the same problem."""
        return best(*(self.serial(workload, runtime) for workload in workloads))

    def efficiencies(self, peer, size, threads=2):
        """In each round that has both times."""
        serial = self.values.get(("grain", serial_peer(runtime_of(peer)), 1, size), {})
        taken = self.values.get(("grain", peer, threads, size), {})
        return {r: serial[r] / (threads * taken[r]) for r in serial.keys() & taken.keys()}

    def metg(self, peer):
        reached = {size: self.efficiency(peer, size) for size in self.sizes("grain", peer, 2)}
        return metg_of({size: part for size, part in reached.items() if not math.isnan(part)})

    def metg_spread(self, peer):
        reached = {size: self.efficiencies(peer, size) for size in self.sizes("grain", peer, 2)}
        rounds = set.intersection(*(set(by_round) for by_round in reached.values()))
        return spread([metg_of({size: reached[size][r] for size in reached})[0] for r in rounds])


def metg_of(efficiencies):
    """The smallest task, ns, at which half the ideal speed is reached; (value, is a bound)."""
    above = None
    for size, reached in sorted(efficiencies.items(), reverse=True):
        if reached < 0.5:
            if above is None:
                return size, ">"
            part = (0.5 - reached) / (above[1] - reached)
            return size * (above[0] / size) ** part, ""
        above = size, reached
    return (above[0], "<") if above else (math.nan, "")


def spread(values):
    """Half the distance of the quartiles."""
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, method="inclusive")
    return (high - low) / 2


def is_library(peer):
    return peer.split("/")[0] in (LIBRARY, "ompg_for", "OMPG_FOR", "ompg_join")


def serial_peer(runtime):
    return f"serial/{COMPILERS.get(runtime, 'gcc')}"


def adds_tasks(peer):
    """Another peer that adds tasks one by one, which no loop over all of them does."""
    return not is_library(peer) and peer.split("/")[0] not in ("serial", "taskloop", "pthreadpool")


def runtime_of(peer):
    return peer.partition("/")[2]


def best(*values):
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def number(value):
    if math.isnan(value):
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2}f}"


# ---- targets ----

class Targets:
    """Rows `target | measured | met or missed`."""

    def __init__(self, results):
        self.results = results
        self.rows = []

    def _row(self, target, ours, measured, met):
        """No row for what the run left out; where only one of two was measured there is one."""
        if not math.isnan(ours):
            self.rows.append((target, measured, "met" if met else "**missed**"))

    def at_most(self, target, value, limit, unit="ns", bound=""):
        self._row(target, value, f"{bound}{number(value)} {unit}", value <= limit)

    def at_least(self, target, value, limit):
        self._row(target, value, f"{value * 100:.1f} %", value >= limit)

    def _compare(self, target, ours, theirs, measured, met):
        if math.isnan(theirs) != math.isnan(ours):
            self.rows.append((target, f"{number(ours)}, peer {number(theirs)}", "not measured"))
        else:
            self._row(target, ours, f"{measured} times ({number(ours)} and {number(theirs)})", met)

    def faster(self, target, ours, theirs, factor):
        self._compare(target, ours, theirs, f"{theirs / ours:.2f}", theirs >= factor * ours)

    def no_slower(self, target, ours, theirs, factor):
        self._compare(target, ours, theirs, f"{ours / theirs:.3f}", ours <= factor * theirs)


def task_targets(targets, runtime):
    m = targets.results.median
    ours = f"{LIBRARY}/{runtime}"
    flat, fib = m("flat", ours), m("fib", ours)
    targets.faster("flat empty tasks ≥ 8 times faster than `omp task`", flat,
                   m("flat", f"task/{runtime}"), 8)
    targets.faster("flat ≥ 10 times faster than oneTBB", flat, m("flat", "tbb"), 10)
    targets.faster("flat ≥ 10 times faster than rayon's scope", flat, m("flat", "rayon"), 10)
    atomic = targets.results.serial("atomic", runtime)
    targets.at_most(f"flat ≤ 15 ns where an uncontended atomic addition is 2.5 ns "
                    f"(here {number(atomic)}, so ≤ {number(6 * atomic)})", flat, 6 * atomic)
    rivals = [peer for peer in targets.results.peers("grain") if adds_tasks(peer)]
    for size, text, limit in ((100, "100 ns", 0.85), (1000, "1 µs", 0.97)):
        rival = max((targets.results.efficiency(peer, size) for peer in rivals
                     if not math.isnan(targets.results.efficiency(peer, size))), default=math.nan)
        targets.at_least(f"tasks of {text} ≥ {limit * 100:.0f} % efficient "
                         f"(best peer, loops aside, {rival * 100:.0f} %)",
                         targets.results.efficiency(ours, size), limit)
    metg, bound = targets.results.metg(ours)
    targets.at_most("METG(50 %) ≤ 40 ns", metg, 40, bound=bound)
    targets.faster("fib with a group for each call ≥ 40 times faster than `omp taskgroup`", fib,
                   m("fib", f"taskgroup/{runtime}"), 40)
    targets.faster("fib ≥ 5 times faster than oneTBB", fib, m("fib", "tbb"), 5)
    targets.at_most("fib ≤ 8 ns a call on two threads", fib, 8)
    targets.at_most("fib ≤ 14 ns a call on one thread", m("fib", ours, 1), 14)
    joined = f"ompg_join/{runtime}"
    targets.at_most("fib with `ompg_join` ≤ 2.3 ns a call on two threads", m("fib", joined), 2.3)
    targets.at_most("fib with `ompg_join` ≤ 4.5 ns a call on one thread", m("fib", joined, 1), 4.5)
    for threads in (1, 2):
        text = f"on {threads} thread{'s' * (threads > 1)}"
        targets.at_most(f"a task with a copy of 64 bytes ≤ 14 ns {text}",
                        m("flat/copy64", ours, threads), 14)
        targets.at_most(f"a task with options ≤ 14 ns {text}", m("flat/with", ours, threads), 14)
    targets.at_most("nested group of two ≤ 30 ns", m("pair", ours), 30)
    targets.no_slower("region from serial code ≤ 1.1 times `parallel` + `single` + `taskgroup`",
                      m("region", ours), m("region", f"parallel/{runtime}"), 1.1)


def group_targets(targets, runtime):
    m = targets.results.median
    ours, call = f"{LIBRARY}/{runtime}", targets.results.serial("call", runtime)
    targets.at_most("cancellation to return ≤ 20 µs, producer looks",
                    m("cancel/looking", ours) / 1e3, 20, "µs")
    targets.at_most("cancellation to return ≤ 1 ms, 1,000,000 tasks refused (as many calls that only "
                    f"look at a flag and refuse: {number(call)} ms)",
                    m("cancel/blind", ours) / 1e6, 1, "ms")
    targets.at_most("wake-up by the last `ompg_done` ≤ 100 µs", m("hold/wake", ours) / 1e3, 100, "µs")
    targets.at_most("≤ 4 MB for 10,000,000 tasks", m("memory", ours) / 1e3, 4, "MB")
    targets.at_least("tasks of 1 µs at limit 2 ≥ 90 % of the speed without",
                     m("limit/none", ours) / m("limit/2", ours), 0.9)


def loop_targets(targets, runtime):
    m = targets.results.median
    ours, inline, raw = f"ompg_for/{runtime}", f"OMPG_FOR/{runtime}", f"for/{runtime}"
    callback = f"for+callback/{runtime}"
    targets.no_slower(
        "triad, callback for each range ≤ 1.05 times the best of `omp for`, oneTBB, pthreadpool",
        m("loop/triad", ours),
        best(*(m("loop/triad", peer) for peer in (callback, "tbb", "tbb+static", "pthreadpool"))),
        1.05)
    targets.no_slower("triad, `OMPG_FOR` ≤ 1.05 times `omp parallel for`",
                      m("loop/triad", inline), m("loop/triad", raw), 1.05)
    half = targets.results.serial("loop/irregular", runtime) / 2
    targets.no_slower("irregular ≤ 1.05 times half the serial time", m("loop/irregular", ours),
                      half, 1.05)
    targets.no_slower("irregular, `OMPG_FOR` ≤ 1.05 times `omp parallel for`",
                      m("loop/irregular", inline), m("loop/irregular", raw), 1.05)
    targets.no_slower("1,000 iterations of nothing ≤ 1.2 times `omp parallel for`",
                      m("loop/empty", ours), m("loop/empty", raw), 1.2)
    targets.no_slower("the same, `OMPG_FOR`", m("loop/empty", inline), m("loop/empty", raw), 1.2)
    targets.no_slower("reduction ≤ 1.1 times `reduction(+)`", m("reduce", f"{LIBRARY}/{runtime}"),
                      m("reduce", raw), 1.1)
    targets.no_slower("scan ≤ 1.05 times oneTBB's", m("scan", f"{LIBRARY}/{runtime}"),
                      m("scan", "tbb"), 1.05)
    for mode, text in (("", "integers"), ("/records", "records of 48 bytes")):
        stable = best(*(m(f"sort{mode}", peer) for peer in ("rayon", "gnu_parallel/stable")))
        targets.no_slower(f"sort of 10,000,000 {text} ≤ 1.05 times the best stable peer",
                          m(f"sort{mode}", f"{LIBRARY}/{runtime}"), stable, 1.05)
    targets.at_most("pipeline ≤ 300 ns a hand-over of an item, empty stages",
                    m("pipeline", f"{LIBRARY}/{runtime}") / 2, 300)


def kernel_targets(targets, runtime):
    m = targets.results.median
    for kernel in ("queens", "uts", "mergesort", "sparselu"):
        ours, raw = f"{LIBRARY}/{runtime}", f"task/{runtime}"
        targets.faster(f"{kernel} with cut-off at least as fast as `omp task`",
                       m(f"{kernel}/cutoff", ours), m(f"{kernel}/cutoff", raw), 1)
        theirs = m(f"{kernel}/none", raw)
        half = targets.results.best_serial((f"{kernel}/cutoff", f"{kernel}/none"), runtime) / 2
        targets.faster(f"{kernel} without cut-off ≥ 5 times faster than `omp task` "
                       f"(half the best serial time would be {number(theirs / half)} times)",
                       m(f"{kernel}/none", ours), theirs, 5)
    for way, text in ((LIBRARY, "groups"), ("ompg_join", "joins")):
        targets.faster(f"strassen with {text} at least as fast as `omp task`",
                       m("strassen/cutoff", f"{way}/{runtime}"),
                       m("strassen/cutoff", f"task/{runtime}"), 1)


def depth_targets(targets, runtime):
    m = targets.results.median
    ours = f"{LIBRARY}/{runtime}"
    for mode in ("plain", "named", "limited", "timed", "crowded", "check", "check_timed"):
        shallow, deep = (m(f"depth/{mode}", ours, 1, depth) for depth in (10, 8000))
        targets.no_slower(f"depth/{mode} at 8,000 levels ≤ 1.5 times that at 10", deep, shallow, 1.5)
    targets.no_slower("uts of 1,195 levels no slower than `omp task` on one thread",
                      m("uts/deep", ours, 1), m("uts/deep", f"task/{runtime}", 1), 1)


def target_tables(results):
    lines = []
    kinds = (task_targets, group_targets, depth_targets, loop_targets, kernel_targets)
    for runtime in RUNTIMES:
        targets = Targets(results)
        for rows in kinds:
            rows(targets, runtime)
        met = sum(row[2] == "met" for row in targets.rows)
        lines += [f"### {runtime}: {met} of {len(targets.rows)} met", "",
                  "| target | measured | |", "|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in targets.rows] + [""]
    return lines


# ---- tables ----

def cell(results, workload, peer, threads, size):
    if (workload, peer, threads, size) not in results.values:
        return "–"
    median = results.median(workload, peer, threads, size)
    part = spread(results.values[workload, peer, threads, size].values()) / max(median, 1e-9)
    rounds = results.rounds_of(workload, peer, threads, size)
    return f"{number(median)} ±{part * 100:.0f} %{rounds}"


def columns_of(results, workload):
    """(threads, size). Of grain the sizes that were measured on more threads than two."""
    columns = sorted({(k[2], k[3]) for k in results.values if k[0] == workload})
    if workload == "grain":
        many = {size for threads, size in columns if threads > 2}
        columns = [column for column in columns if column[1] in many]
    return columns


def workload_table(results, workload, text):
    columns = columns_of(results, workload)
    if not columns:
        return []
    heads = [f"{threads} thread{'s' * (threads > 1)}, {size:,}" for threads, size in columns]
    lines = [f"### {workload}: {text}", "", f"| | {' | '.join(heads)} |",
             "|---|" + "---:|" * len(columns)]
    for peer in results.peers(workload):
        cells = [cell(results, workload, peer, *column) for column in columns]
        lines.append(f"| {peer} | {' | '.join(cells)} |")
    return lines + [""]


def efficiency_cell(results, peer, size):
    """± in points of the percentage."""
    reached = results.efficiency(peer, size)
    if math.isnan(reached):
        return "–"
    points = spread(results.efficiencies(peer, size).values())
    return f"{reached * 100:.0f} ±{points * 100:.0f} %{results.rounds_of('grain', peer, 2, size)}"


def grain_table(results):
    sizes = sorted({k[3] for k in results.values if k[0] == "grain" and k[2] == 2})
    peers = [peer for peer in results.peers("grain") if results.sizes("grain", peer, 2)]
    lines = ["### grain: efficiency on two threads against the size of a task", "",
             f"| | METG(50 %) | {' | '.join(f'{size:,} ns' for size in sizes)} |",
             "|---|" + "---:|" * (len(sizes) + 1)]
    for peer in peers:
        metg, bound = results.metg(peer)
        part = results.metg_spread(peer) / metg
        metg_cell = f"{bound}{number(metg)} ns ±{part * 100:.0f} %"
        cells = [efficiency_cell(results, peer, size) for size in sizes]
        lines.append(f"| {peer} | {metg_cell} | {' | '.join(cells)} |")
    return lines + [""]


def run_description(results):
    lines = ["Wait policies: OpenMP's runtimes as they are without settings, unless the environment "
             "below says otherwise; oneTBB, Go, rayon, htslib and pthreadpool have their own.", ""]
    for run in results.runs:
        lines += [f"- {key}: {value or 'nothing set'}" for key, value in run.facts.items()]
        lines += [f"- {note}" for note in run.notes] + [""]
    return lines


def report(results, plots):
    lines = [f"![{text}]({name})\n" for name, text in plots]
    lines += ["## Targets", "", "Ratios of medians of one run, on two threads unless a row says otherwise.", ""]
    lines += target_tables(results)
    lines += ["## The runs", "", "Where there are several, a workload's figures are of the last one that has "
              "it.", ""] + run_description(results)
    lines += ["## Figures", "", "Median of all rounds, ± half the distance of the quartiles; "
              "(1 of 7) where not every round has a value. Columns: threads and size.", ""]
    if any(k[0] == "grain" for k in results.values):
        lines += grain_table(results)
    for workload, text in WORKLOADS:
        lines += workload_table(results, workload, text)
    return lines


# ---- README ----

README_COLUMNS = ("ompgroup, libgomp", "`omp task`, libgomp", "`omp task`, libomp", "oneTBB",
                  "rayon", "Go")


def readme_row(results, text, workload, constructs, scale=1.0):
    """`constructs`: what the columns after the first are called in the results."""
    peers = (f"{LIBRARY}/libgomp",) + constructs
    values = (results.median(workload, peer) * scale for peer in peers)
    return f"| {text} | {' | '.join(number(value) for value in values)} |"


def raw(construct):
    return tuple(f"{construct}/{runtime}" for runtime in RUNTIMES)


def readme(results, plot):
    """`plot`: (path, text) or None."""
    others = ("tbb", "rayon", "go")
    grain = (f"{LIBRARY}/libgomp",) + raw("task") + others
    percent = lambda peer, size: results.efficiency(peer, size) * 100
    efficiencies = [
        f"| tasks of {text}, efficiency in % | "
        f"{' | '.join(number(percent(peer, size)) for peer in grain)} |"
        for size, text in ((100, "100 ns"), (1000, "1 µs"))]
    lines = [f"| on two threads | {' | '.join(README_COLUMNS)} |", "|---|" + "---:|" * 6]
    lines += [readme_row(results, "empty task, ns", "flat", raw("task") + others)]
    lines += efficiencies
    lines += [
        readme_row(results, "recursive fib, group for each call, ns a call", "fib",
                   raw("taskgroup") + others),
        readme_row(results, "nested group of two tasks, ns", "pair", raw("taskgroup") + others),
        readme_row(results, "from a failure to the return, µs", "cancel/looking",
                   raw("cancel") + others, 1e-3),
    ]
    facts = results.facts
    lines += ["", f"Measured by `scripts/bench.sh` on {facts['machine']}, {facts['system']}; medians "
              f"of {facts['rounds']} rounds. All figures, peers, versions and targets: "
              "[docs/benchmarks.md](docs/benchmarks.md)."]
    return lines + ([f"\n![{plot[1]}]({plot[0]})"] if plot else [])


# ---- plots ----

STYLE = """set terminal svg size 820,460 font 'sans-serif,13' background 'white'
set border 3
set tics nomirror
set grid ytics lc rgb '#dddddd'
"""
PLOT_PEERS = (
    (f"{LIBRARY}/libgomp", "ompgroup, libgomp", "#d1495b"),
    ("task/libgomp", "omp task, libgomp", "#30638e"),
    ("task/libomp", "omp task, libomp", "#7fb3d5"),
    ("tbb", "oneTBB", "#3a7d44"),
    ("rayon", "rayon", "#e6a100"),
    ("go", "Go errgroup", "#7d5ba6"),
    ("htslib", "htslib", "#999999"),
)


def gnuplot(script):
    subprocess.run(["gnuplot"], input=STYLE + script, text=True, check=True)


def plot_efficiency(results, path, folder):
    curves = []
    for peer, title, colour in PLOT_PEERS:
        sizes = results.sizes("grain", peer, 2)
        if not sizes:
            continue
        data = os.path.join(folder, title)
        with open(data, "w", encoding="utf-8") as file:
            for size in sizes:
                file.write(f"{size} {results.efficiency(peer, size) * 100}\n")
        width = 3 if is_library(peer) else 1.5
        curves.append(f"'{data}' with linespoints lw {width} pt 7 ps 0.5 lc rgb '{colour}' "
                      f"title '{title}'")
    gnuplot(f"""set output '{path}'
set logscale x
set format x '%.0s %cs'
set xlabel 'work in a task'
set ylabel 'efficiency on two threads, %'
set yrange [0:105]
set key right bottom
set xtics ('10 ns' 10, '100 ns' 100, '1 µs' 1000, '10 µs' 10000)
plot {', '.join(curves)}
""")


def plot_tasks(results, path, folder):
    workloads = (("flat", "task", "empty task"), ("fib", "taskgroup", "call of fib"),
                 ("pair", "taskgroup", "group of two"))
    data = os.path.join(folder, "tasks")
    peers = [row for row in PLOT_PEERS if not math.isnan(results.median("flat", row[0]))]
    with open(data, "w", encoding="utf-8") as file:
        for workload, construct, text in workloads:
            values = [results.median(workload, peer.replace("task/", construct + "/"))
                      for peer, _, _ in peers]
            words = " ".join("?" if math.isnan(value) else str(value) for value in values)
            file.write(f'"{text}" {words}\n')
    bars = [f"'{data}' using {i + 2}:xtic(1) title '{title}' lc rgb '{colour}'"
            for i, (_, title, colour) in enumerate(peers)]
    gnuplot(f"""set output '{path}'
set logscale y
set datafile missing '?'
set style data histogram
set style fill solid border -1
set style histogram clustered gap 2
set boxwidth 0.9
set ylabel 'ns on two threads'
set yrange [1:*]
set key outside top center horizontal
plot {', '.join(bars)}
""")


def draw(results, folder):
    """Returns (file name, text) of what was drawn: a plot needs its first workload."""
    if not shutil.which("gnuplot"):
        print("no plots: gnuplot is missing")
        return []
    plots = (("benchmarks-efficiency.svg", "Efficiency against the size of a task", "grain",
              plot_efficiency),
             ("benchmarks-tasks.svg", "Nanoseconds a task", "flat", plot_tasks))
    drawn = []
    with tempfile.TemporaryDirectory() as data:
        for name, text, workload, plot in plots:
            if any(k[0] == workload for k in results.values):
                plot(results, os.path.join(folder, name), data)
                drawn.append((name, text))
    return drawn


# ---- files ----

def replace(path, lines):
    """Puts the lines between the markers; a file that does not exist gets both."""
    text = f"{BEGIN}\n{END}\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise SystemExit(f"{path} has no {BEGIN} and {END}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n" + "\n".join(lines).strip() + f"\n\n{END}{after}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results", nargs="+")
    parser.add_argument("--docs", required=True)
    parser.add_argument("--readme")
    arguments = parser.parse_args()
    results = Results(arguments.results)
    folder = os.path.dirname(arguments.docs)
    plots = draw(results, folder)
    replace(arguments.docs, report(results, plots))
    if arguments.readme:
        first = (os.path.join(folder, plots[0][0]), plots[0][1]) if plots else None
        replace(arguments.readme, readme(results, first))


if __name__ == "__main__":
    main()
