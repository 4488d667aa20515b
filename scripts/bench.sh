#!/usr/bin/env bash
# Builds and runs every benchmark and peer, interleaved, and reports medians.
#
#     scripts/bench.sh [--quick] [--install] [--rounds N] [--only WORKLOADS [--keep]] [--report]
#
# A full run replaces what is in bench/results/, and writes docs/benchmarks.md with its plots, and the table
# in the README. --quick (about a minute once it is built, to see that all works), --only (a regular
# expression) and fewer than 7 rounds write to build/bench/ instead; --only with --keep adds to bench/results/,
# and the report has the newest figures of each workload. --install brings the peers from
# the distribution; without it a peer that the machine lacks is a line that says so. --report only
# writes the report of what is in bench/results/.
#
# The environment is the programs': OMP_WAIT_POLICY and the like are recorded with the results.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

quick=false install=false keep=false rounds='' only=. report=false
usage() {
    sed -n '2,/^# SPDX/{/^# SPDX/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=true ;;
    --install) install=true ;;
    --rounds) rounds=${2:?} && shift ;;
    --only) only=${2:?} && shift ;;
    --keep) keep=true ;;
    --report) report=true ;;
    *) usage ;;
    esac
    shift
done

build=build/bench part=
if $quick; then
    rounds=${rounds:-2} seconds=10 part=quick
else
    rounds=${rounds:-7} seconds=60
fi
[ "$only" = . ] || part=${part:+$part }$only
if { [ -n "$part" ] && ! $keep; } || $quick || [ "$rounds" -lt 7 ]; then
    results=$build docs=$build/report.md readme=
else
    results=bench/results docs=docs/benchmarks.md readme=README.md
fi
mkdir -p "$build" "$results"

# Not only when hours have been measured.
check_programs() {
    if ! command -v python3 >/dev/null; then
        echo "The report needs python3" >&2
        exit 1
    fi
    command -v gnuplot >/dev/null || echo "Reports without plots (gnuplot-nox)"
}

publish() {
    python3 scripts/bench-report.py "$@" --docs "$docs" ${readme:+--readme "$readme"}
    echo "report: $docs"
}
if $report; then
    check_programs
    publish bench/results/*.csv
    exit 0
fi

# ---- build ----

# build <toolchain> <compiler> <target>...: what an earlier build has found or made may be gone.
build() {
    local toolchain=$1 compiler=$2
    shift 2
    rm -f "$build/$toolchain/CMakeCache.txt"
    find "$build/$toolchain/bench" -mindepth 2 -maxdepth 2 -type f -executable -delete \
        2>/dev/null || true
    CC=$compiler cmake -S . -B "$build/$toolchain" -DCMAKE_BUILD_TYPE=Release \
        -DOMPGROUP_BUILD_TESTS=OFF -DOMPGROUP_BUILD_EXAMPLES=OFF >"$build/$toolchain.log"
    sed -n 's/^-- \(Benchmarks without\)/\1/p' "$build/$toolchain.log"
    cmake --build "$build/$toolchain" --parallel --target "$@" >>"$build/$toolchain.log" 2>&1 || {
        tail -n 40 "$build/$toolchain.log" >&2
        exit 1
    }
}

if $install; then
    scripts/setup.sh bench
else
    scripts/setup.sh build
fi
check_programs
dirty=
if [ -n "$(git status --porcelain 2>/dev/null || true)" ]; then
    dirty="*** This checkout has changes that are not committed; the results will say so. ***"
    echo "$dirty"
fi
build gcc gcc all bench_peers
programs=("$build"/gcc/bench/*/)
if command -v clang-19 >/dev/null; then
    build clang clang-19 all
    programs+=("$build"/clang/bench/{ompgroup,openmp,serial}/)
else
    echo "Benchmarks without Clang and libomp (clang-19, libomp-19-dev)"
fi

# ---- run ----

csv=$results/$(date +%F-%H%M).csv
declare -A run_until # the round up to which a program is not run again
failures=0

# run <folder> <program> <workload> <mode> <threads> <size> <repeat>: appends the program's line.
run() {
    local folder=$1 program=$2 workload=$3 mode=$4 threads=$5 size=$6 repeat=$7 line
    local arguments=(--threads "$threads" --size "$size" --repeat "$repeat")
    [ "$mode" = - ] || arguments+=(--mode "$mode")
    local key="${folder#"$build/"}$program $mode $threads $size" status=0
    [ "${run_until[$key]:-0}" -lt "$round" ] || return 0
    run_until[$key]=$round
    line=$(timeout "$seconds" "$folder$program" "${arguments[@]}" 2>"$build/stderr") || status=$?
    case $status in
    0) echo "$round,$line" >>"$csv" && return ;;
    77) ;; # the peer has nothing for the mode
    124) echo "# more than $seconds s: $key" | tee -a "$csv" ;;
    *)
        echo "# failed: $key: status $status: $(tr '\n' ' ' <"$build/stderr")" | tee -a "$csv"
        failures=$((failures + 1))
        ;;
    esac
    run_until[$key]=$rounds
}

# measure <workload> <mode> <size> <threads> <repeat> <peers>: each program that has the workload.
measure() {
    local workload=$1 mode=$2 size=$3 threads=$4 repeat=$5 peers=$6 folder path peer
    for folder in "${programs[@]}"; do
        peer=$(basename "$folder")
        [ "$peers" = all ] || [ "$peers" = "$peer" ] || continue
        for path in "$folder$workload" "$folder$workload"_*; do
            [ -f "$path" ] || continue
            if [ "$peer" != serial ]; then
                run "$folder" "$(basename "$path")" "$workload" "$mode" "$threads" "$size" "$repeat"
            elif [ "$threads" = "$first_threads" ] && [ "$threads" -le 2 ]; then
                run "$folder" "$(basename "$path")" "$workload" "$mode" 1 "$size" "$repeat"
            fi
        done
    done
}

# version <package>: as the distribution counts, or "absent".
version() {
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo absent
}

# busy_percent: how much of the processors others use, over two seconds.
busy_percent() {
    {
        head -n 1 /proc/stat
        sleep 2
        head -n 1 /proc/stat
    } | awk '{
        idle = $5 + $6
        total = 0
        for (i = 2; i <= NF; i++) total += $i
        if (NR == 2) printf "%.0f", 100 - 100 * (idle - idle_before) / (total - total_before)
        idle_before = idle; total_before = total
    }'
}

describe() {
    cat <<END
# date: $(date +%F)
# commit: $(git describe --always 2>/dev/null || echo none)${dirty:+ with changes that are not committed}
# machine: $(lscpu | sed -n 's/^Model name: *//p'), $(nproc) processors, $(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB
# system: $(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r)
# processors in use by others when the run began: $busy %
# gcc: $(gcc -dumpfullversion), libgomp of the same
# clang: $(clang-19 -dumpversion 2>/dev/null || echo absent), libomp $(version libomp-19-dev)
# oneTBB: $(version libtbb-dev)
# Go: $(version golang-go), errgroup $(version golang-golang-x-sync-dev)
# rayon: $(version librust-rayon-dev), rustc $(version rustc)
# htslib: $(version libhts-dev)
# pthreadpool: $(version libpthreadpool-dev)
# environment: $(env | grep -E '^(OMP|GOMP|KMP)_' | sort | paste -sd' ' || true)
# rounds: $rounds${part:+
# part of the plan: $part}
END
}

busy=$(busy_percent)
[ "$busy" -le 5 ] || echo "The machine is busy ($busy %): do not trust the figures of this run"
BENCH_STEPS_PER_NS=$("$build/gcc/bench/serial/calibrate")
export BENCH_STEPS_PER_NS
describe >"$csv"
echo "round,workload,peer,threads,size,value,unit,checked" >>"$csv"
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds"
    while read -r workload mode sizes quick_sizes repeat all_threads peers; do
        [[ $workload =~ ^[^\#] && $workload =~ $only ]] || continue
        if $quick; then
            [ "$quick_sizes" != - ] || continue
            sizes=$quick_sizes repeat=1
            [[ $all_threads != 1,2 ]] || all_threads=2
        fi
        first_threads=${all_threads%%,*}
        for size in ${sizes//,/ }; do
            for threads in ${all_threads//,/ }; do
                measure "$workload" "$mode" "$size" "$threads" "$repeat" "$peers"
            done
        done
    done <bench/plan.txt
done
echo "results: $csv"
if [ "$results" = "$build" ]; then
    publish "$csv"
else
    [ -n "$part" ] || find "$results" -name '*.csv' ! -path "$csv" -delete
    publish "$results"/*.csv
fi
[ -z "$dirty" ] || echo "$dirty"
[ "$failures" -eq 0 ] || { echo "$failures programs failed" >&2 && exit 1; }
