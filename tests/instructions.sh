#!/usr/bin/env bash
# How many instructions a task, a call, a group and a loop take on one thread, compared with recorded
# numbers: a guard against getting slower that no noise can trip. Counted by callgrind as the
# difference between many runs and few, so that the first run, which starts the team, does not count.
# What comes before bench_measure is not collected: libomp starts with 200,000 instructions more or
# less from one time to the next.
#
#     instructions.sh <folder of the benchmarks> <compiler> [--update]
#
# Exit status: 0; 1 when a count is more than ROOM % above its number; 77 when it cannot be checked.
# --update records what was counted.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

ROOM=10
programs=${1:?} compiler=${2:?} update=${3:-}
records=$(dirname "$0")/instructions.txt

# workload, program, size, items in a run (fib 18 has 2 * F(19) - 1 calls), options. Tasks of "flat" run
# inside ompg_go for the most part, because the deque is full; those of "deque" all pass it, those of "copy"
# with 64 bytes by value, those of "with" with a drop, those of "local" with a state of their own; "copies" and
# "drops" are the same for as many as "flat". "sort" counts the making of its numbers as well. "depth" and
# "deadline" make 2,000 groups one inside the other and 1,000 at the bottom: no depth may cost more.
workloads="
flat flat 10000 10000
deque flat 1000 1000
copy flat 1000 1000 --mode copy64
with flat 1000 1000 --mode with
copies flat 10000 10000 --mode copy64
drops flat 10000 10000 --mode with
local local 1000 1000 --mode state
fib fib 18 8361
join fib_join 18 8361
pair pair 2000 2000
loop loop 1000 2000 --mode grained
sort sort 20000 20000
depth depth 2000 3000 --mode named
deadline depth 2000 3000 --mode timed"

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing"
    exit 77
fi
if [ "$update" != --update ] && ! grep -q "^$compiler " "$records"; then
    echo "no numbers recorded for $compiler"
    exit 77
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count <program> <size> <repeat> [<options>]: instructions inside bench_measure, to stdout.
count() {
    local program=$1 size=$2 repeat=$3
    shift 3
    if ! OMP_NUM_THREADS=1 OMP_STACKSIZE=8M \
        valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --toggle-collect='bench_measure*' "$programs/$program" \
        --threads 1 --size "$size" --repeat "$repeat" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    sed -n 's/^==[0-9]*== Collected : //p' "$log"
}

# recorded <workload>: the number, or nothing.
recorded() {
    awk -v compiler="$compiler" -v workload="$1" \
        '$1 == compiler && $2 == workload { print $3 }' "$records"
}

# record <workload> <number>: in place of the one that is there.
record() {
    awk -v compiler="$compiler" -v workload="$1" -v number="$2" '
        function line() { printf "%s %s %s\n", compiler, workload, number; done = 1 }
        $1 == compiler && $2 == workload { line(); next }
        { print }
        END { if (!done) line() }' "$records" >"$log"
    cat "$log" >"$records"
}

status=0
if nm "$programs/fib" | grep -q ' T ompg_get_stats$'; then
    echo "fib does not ask for statistics, but has their function: it looks at the time of each wait"
    status=1
fi
while read -r workload program size items options; do
    [ -n "$workload" ] || continue
    read -ra options <<<"$options"
    few=$(count "$program" "$size" 1 "${options[@]}")
    many=$(count "$program" "$size" 5 "${options[@]}")
    now=$(awk -v few="$few" -v many="$many" -v items="$items" \
        'BEGIN { printf "%.1f", (many - few) / (4 * items) }')
    before=$(recorded "$workload")
    echo "$workload: $now instructions, recorded ${before:-none}"
    if [ "$update" = --update ]; then
        record "$workload" "$now"
    else
        awk -v now="$now" -v before="${before:-0}" -v room="$ROOM" \
            'BEGIN { exit !(now <= before * (1 + room / 100)) }' || status=1
    fi
done <<<"$workloads"
[ $status -eq 0 ] || echo "more than $ROOM % above what is recorded; if that is meant, build the" \
    "target instructions-update"
exit $status
