#!/usr/bin/env bash
# Builds every configuration, runs its tests and ends with one line, `N passed, N failed`. A build
# that fails counts as one failure. Results lie in BUILD_DIR (build) as *.xml (JUnit), build output as *.log.
#
#     scripts/test.sh [--again] [--full] [--strict]
#
# What passed whole is not run again, and counts as it did, while every file and the compilers are the
# same; --again runs it nevertheless. --full adds nine seeds to the one of the delays, and what another
# configuration runs already, or almost: variants of threads and of OpenMP's cancellation, programs. It also
# has the static analyzer look at tests and benchmarks.
#
# A configuration that needs a tool which is missing is skipped and named, and so is a single test; with
# --strict, for machines that must have them all, a skipped configuration has failed.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

again=false full=false strict=false
for option; do
    case $option in
    --again) again=true ;;
    --full) full=true ;;
    --strict) strict=true ;;
    *) echo "Usage: scripts/test.sh [--again] [--full] [--strict]" >&2 && exit 2 ;;
    esac
done
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$(readlink -f "$0")")/tools.sh"

scripts/setup.sh test
look_for_tools # it may have brought some
! $again || rm -f "$BUILD_DIR"/*.passed
! $full || rm -f "$BUILD_DIR"/{release,shared,clang,asan-ubsan,tsan,delays,dev,lint}.passed # the ordinary run may have passed

# state [<path>...]: all that a result depends on; differs each time where git does not know the files.
state() {
    git ls-files --error-unmatch scripts/test.sh >/dev/null 2>&1 || date +%s%N
    git ls-files -z --cached --others --exclude-standard -- "$@" 2>/dev/null |
        xargs -0 sha256sum 2>/dev/null || true
    local program
    for program in "$compiler" c++ "$clang"; do
        "${program:-none}" --version 2>/dev/null || true
    done
}
clang=$(openmp_compiler clang-19 clang || true)
state_of_all=$(state | sha256sum)
state_of_engine=$(state src include tests/models | sha256sum)

# unchanged <name> [<state>]: says so when it passed whole in this state.
unchanged() {
    [ -f "$BUILD_DIR/$1.passed" ] && [ "$(cat "$BUILD_DIR/$1.passed")" = "${2-$state_of_all}" ] &&
        echo "== $1: nothing has changed since it passed"
}

# settle <name> <failures before it> [<state>]: remembers that it passed.
settle() {
    [ ${#failures[@]} -ne "$2" ] || echo "${3-$state_of_all}" >"$BUILD_DIR/$1.passed"
}

passed=0
failures=()
skipped=()

# skip <name> <why>
skip() {
    echo "== $1: skipped: $2"
    skipped+=("$1: $2")
    ! $strict || failures+=("$1: skipped: $2")
}

# lacks <preset>: says what it needs and this machine lacks.
lacks() {
    local sanitizer
    case $1 in
    asan-ubsan) sanitizer=address,undefined ;;
    tsan | tsan-clang) sanitizer=thread ;;
    *) sanitizer= ;;
    esac
    case $1 in
    *clang)
        [ -n "$clang" ] || { echo "there is no Clang with OpenMP" && return; }
        [ -z "$sanitizer" ] || works_with "$clang" -fsanitize=$sanitizer ||
            { echo "$clang -fsanitize=$sanitizer makes no program that runs" && return; }
        [ -z "$sanitizer" ] || [ -e "$("$clang" -print-file-name=libarcher.so)" ] ||
            { echo "there is no libarcher.so beside $clang" && return; }
        ;;
    lint)
        for tool in clang-19 clang-format-19 clang-tidy-19; do
            have $tool || { echo "$tool is missing" && return; }
        done
        ;;
    *)
        [ -z "$sanitizer" ] || works_with "$compiler" -fsanitize=$sanitizer ||
            { echo "$compiler -fsanitize=$sanitizer makes no program that runs" && return; }
        ;;
    esac
    return 1
}

# check <name> <command...>: one check that is not ctest's.
check() {
    local name=$1
    shift
    if "$@" >"$BUILD_DIR/$name.log" 2>&1; then
        return 0
    fi
    grep -E "error:|FAILED:|\*\*\*Failed" "$BUILD_DIR/$name.log" | head -n 20 || true # ninja goes on after them
    tail -n 40 "$BUILD_DIR/$name.log"
    failures+=("$name")
    return 1
}

build() {
    local options=()
    case $1 in
    *clang) options=(-DCMAKE_C_COMPILER="$clang" -DCMAKE_CXX_COMPILER="${clang/clang/clang++}") ;;
    esac
    configure "$1" "$1" "${options[@]}" &&
        with_presets cmake --build --preset "$1" --parallel "$(nproc)"
}

# failed_cases <file>: their names. A case that did not run has failed, unless it said itself, by its
# exit status, that it cannot run here.
failed_cases() {
    awk -F'"' '
        /^\t<testcase / { name = $2; status = $(NF - 1) }
        /^\t<testcase / && status == "fail" { print name }
        /^\t\t<skipped / && status == "notrun" && $2 !~ /^SKIP_/ { print name }' "$1"
}

# count <preset> <file>: what passed, and what could not run here.
count() {
    local name
    passed=$((passed + $(grep -c '^[[:space:]]<testcase .* status="run">$' "$2" || true)))
    while read -r name; do
        skipped+=("$1: $name")
    done < <(awk -F'"' '
        /^\t<testcase / { name = $2; status = $(NF - 1) }
        /^\t\t<skipped / && status == "notrun" && $2 ~ /^SKIP_/ { print name }' "$2")
}

# run <preset> [<option of ctest>...]: builds one configuration, runs its tests, adds what they gave.
run() {
    local preset=$1 results=$BUILD_DIR/$1.xml name before=${#failures[@]} why
    shift
    if why=$(lacks "$preset"); then
        skip "$preset" "$why"
        return 0
    fi
    if unchanged "$preset" && [ -s "$results" ]; then
        count "$preset" "$results"
        return 0
    fi
    echo "== $preset"
    rm -f "$BUILD_DIR/$preset.passed"
    check "build-$preset" build "$preset" || return 0
    rm -f "$results"
    with_presets ctest --preset "$preset" --parallel "$(nproc)" --output-junit "$results" "$@" || true
    if [ ! -s "$results" ]; then
        failures+=("ctest-$preset")
        return 0
    fi
    count "$preset" "$results"
    while read -r name; do
        failures+=("$preset: $name")
    done < <(failed_cases "$results")
    settle "$preset" "$before"
}

lint() {
    local before=${#failures[@]} options=() why
    ! $full || options=(--full)
    if why=$(lacks lint); then
        skip lint "$why"
        return 0
    fi
    if ! unchanged lint; then
        echo "== lint"
        rm -f "$BUILD_DIR/lint.passed"
        check lint scripts/lint.sh "${options[@]}" || return 0
    fi
    passed=$((passed + 1))
    settle lint "$before"
}

models() {
    local before=${#failures[@]}
    if ! g++ -E -include relacy/relacy.hpp -x c++ /dev/null >/dev/null 2>&1; then
        skipped+=("models: Relacy is missing (relacy-dev)")
        return 0
    fi
    if ! unchanged models "$state_of_engine"; then
        echo "== models"
        rm -f "$BUILD_DIR/models.passed"
        check models tests/models/run.sh || return 0
    fi
    passed=$((passed + $(grep -cE ': (holds|rejected)$' "$BUILD_DIR/models.log")))
    settle models "$before" "$state_of_engine"
}

# ordinary <preset> <option of ctest>...: with these options and OMPGROUP_TEST_STRIDE, except with --full.
ordinary() {
    if $full; then
        unset OMPGROUP_TEST_STRIDE
        set -- "$1"
    fi
    run "$@"
}

# Each program runs with one, two and seven threads and with OpenMP's cancellation off and on; GCC, release and
# static, and Clang take half of these variants each. A shared library differs in how it is linked, a debug build
# by its assertions; a sanitizer takes several times as long: there one variant has to do, another one in each.
# What looks at the sources says the same in every build. Where each second or third allocation fails, the release
# build fails them all.
sources='^(storeys|stems|words|functions|memory_model|scripts)($|[.])'
ways='_(serial|unoptimised)[.]' # to compile the same source
asserted='^test_(blocks|deque_threads|faults|gate|loop_units|own_mailbox)($|[.])' # with delays or a sanitizer already
programs='^(bench[.].*|checksum|heat|pgzip|pi|wordfreq)$'
if lacks clang >/dev/null; then
    run release
else
    ordinary release --exclude-regex "[.](t1[.]cancel1|t2[.]cancel0|t7[.]cancel1)$"
fi
ordinary shared --exclude-regex "[.](t[17][.]cancel.|t2[.]cancel0)$|$sources|$programs" --label-exclude static
OMPGROUP_TEST_STRIDE=3 ordinary clang --exclude-regex "[.](t1[.]cancel0|t2[.]cancel1|t7[.]cancel0)$|^test_deque_threads$|$sources"
OMPGROUP_TEST_STRIDE=2 ordinary asan-ubsan --exclude-regex "[.](t[17][.]cancel.|t2[.]cancel0)$|$sources|^bench[.]"
OMPGROUP_TEST_STRIDE=3 ordinary tsan --exclude-regex "[.](t[12][.]cancel.|t7[.]cancel0)$|$ways|$sources|^bench[.]"
run tsan-clang
ordinary delays --label-exclude full
ordinary dev --exclude-regex "[.](t[17][.]cancel.|t2[.]cancel1)$|$asserted|$sources|$programs"
lint
models

for name in "${skipped[@]}"; do
    echo "skipped: $name"
done
for name in "${failures[@]}"; do
    echo "failed: $name"
done
echo "$passed passed, ${#failures[@]} failed"
[ ${#failures[@]} -eq 0 ]
