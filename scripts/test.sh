#!/usr/bin/env bash
# Builds every configuration, runs its tests and ends with one line, `N passed, N failed`. A build
# that fails counts as one failure. Results lie in build/*.xml (JUnit), build output in build/*.log.
#
#     scripts/test.sh [--again] [--full]
#
# What passed whole is not run again, and counts as it did, while every file and the compilers are the
# same; --again runs it nevertheless. --full adds nine seeds to the one of the delays.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

again=false full=false
for option; do
    case $option in
    --again) again=true ;;
    --full) full=true ;;
    *) echo "Usage: scripts/test.sh [--again] [--full]" >&2 && exit 2 ;;
    esac
done

scripts/setup.sh test
mkdir -p build
! $again || rm -f build/*.passed
! $full || rm -f build/delays.passed # the ordinary run may have passed

# state [<path>...]: all that a result depends on; differs each time where git does not know the files.
state() {
    git ls-files --error-unmatch scripts/test.sh >/dev/null 2>&1 || date +%s%N
    git ls-files -z --cached --others --exclude-standard -- "$@" 2>/dev/null |
        xargs -0 sha256sum 2>/dev/null || true
    for compiler in cc c++ clang-19; do
        "$compiler" --version 2>/dev/null || true
    done
}
state_of_all=$(state | sha256sum)
state_of_engine=$(state src include tests/models | sha256sum)

# unchanged <name> [<state>]: says so when it passed whole in this state.
unchanged() {
    [ -f "build/$1.passed" ] && [ "$(cat "build/$1.passed")" = "${2-$state_of_all}" ] &&
        echo "== $1: nothing has changed since it passed"
}

# settle <name> <failures before it> [<state>]: remembers that it passed.
settle() {
    [ ${#failures[@]} -ne "$2" ] || echo "${3-$state_of_all}" >"build/$1.passed"
}

passed=0
failures=()

# check <name> <command...>: one check that is not ctest's.
check() {
    local name=$1
    shift
    if "$@" >"build/$name.log" 2>&1; then
        return 0
    fi
    grep -E "error:|FAILED:|\*\*\*Failed" "build/$name.log" | head -n 20 || true # ninja goes on after them
    tail -n 40 "build/$name.log"
    failures+=("$name")
    return 1
}

build() {
    cmake --preset "$1" && cmake --build --preset "$1"
}

# failed_cases <file>: their names. A case that did not run has failed, unless it said itself, by its
# exit status, that it cannot run here.
failed_cases() {
    awk -F'"' '
        /^\t<testcase / { name = $2; status = $(NF - 1) }
        /^\t<testcase / && status == "fail" { print name }
        /^\t\t<skipped / && status == "notrun" && $2 !~ /^SKIP_/ { print name }' "$1"
}

count_passed() {
    passed=$((passed + $(grep -c '^[[:space:]]<testcase .* status="run">$' "$1" || true)))
}

# run <preset> [<option of ctest>...]: builds one configuration, runs its tests, adds what they gave.
run() {
    local preset=$1 results=build/$1.xml name before=${#failures[@]}
    shift
    if unchanged "$preset" && [ -s "$results" ]; then
        count_passed "$results"
        return 0
    fi
    echo "== $preset"
    rm -f "build/$preset.passed"
    check "build-$preset" build "$preset" || return 0
    rm -f "$results"
    ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$PWD/$results" "$@" || true
    if [ ! -s "$results" ]; then
        failures+=("ctest-$preset")
        return 0
    fi
    count_passed "$results"
    while read -r name; do
        failures+=("$preset: $name")
    done < <(failed_cases "$results")
    settle "$preset" "$before"
}

lint() {
    local before=${#failures[@]}
    if ! unchanged lint; then
        echo "== lint"
        rm -f build/lint.passed
        check lint scripts/lint.sh || return 0
    fi
    passed=$((passed + 1))
    settle lint "$before"
}

models() {
    local before=${#failures[@]}
    if ! c++ -E -include relacy/relacy.hpp -x c++ /dev/null >/dev/null 2>&1; then
        echo "== models: skipped, for Relacy (relacy-dev) is not there"
        return 0
    fi
    if ! unchanged models "$state_of_engine"; then
        echo "== models"
        rm -f build/models.passed
        check models tests/models/run.sh || return 0
    fi
    passed=$((passed + $(grep -cE ': (holds|rejected)$' build/models.log)))
    settle models "$before" "$state_of_engine"
}

for preset in release shared clang asan-ubsan tsan tsan-clang; do
    run "$preset"
done
if $full; then
    run delays
else
    run delays --label-exclude full
fi
run dev --exclude-regex '[.](t[17][.]cancel.|t2[.]cancel1)$'
lint
models

for name in "${failures[@]}"; do
    echo "failed: $name"
done
echo "$passed passed, ${#failures[@]} failed"
[ ${#failures[@]} -eq 0 ]
