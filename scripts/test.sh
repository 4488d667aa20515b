#!/usr/bin/env bash
# Builds every configuration, runs its tests and ends with one line, `N passed, N failed`. A build
# that fails counts as one failure. Results lie in build/*.xml (JUnit), build output in build/*.log.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
mkdir -p build

passed=0
failures=()

# check <name> <command...>: one check that is not ctest's.
check() {
    local name=$1
    shift
    if "$@" >"build/$name.log" 2>&1; then
        return 0
    fi
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

# run <preset>: builds one configuration, runs its tests, adds what they gave.
run() {
    local preset=$1 results=build/$1.xml name
    echo "== $preset"
    check "build-$preset" build "$preset" || return 0
    rm -f "$results"
    ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$PWD/$results" || true
    if [ ! -s "$results" ]; then
        failures+=("ctest-$preset")
        return 0
    fi
    passed=$((passed + $(grep -c '^[[:space:]]<testcase .* status="run">$' "$results" || true)))
    while read -r name; do
        failures+=("$preset: $name")
    done < <(failed_cases "$results")
}

for preset in release shared clang asan-ubsan tsan; do
    run "$preset"
done
echo "== lint"
if check lint scripts/lint.sh; then
    passed=$((passed + 1))
fi

for name in "${failures[@]}"; do
    echo "failed: $name"
done
echo "$passed passed, ${#failures[@]} failed"
[ ${#failures[@]} -eq 0 ]
