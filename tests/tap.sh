# What the tests of the example programs share. Sourced by a script whose first argument is the
# program; it goes on in an empty directory that is removed at the end. Results are printed in the
# form of TAP.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C
# ThreadSanitizer would sleep for a second at the end of each run.
export TSAN_OPTIONS=${TSAN_OPTIONS-}:atexit_sleep_ms=0

program=$(realpath "$1")
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

count=0
failures=0
out=$work/out
err=$work/err
status=0

# ok <name> <command...>: the test holds when the command succeeds.
ok() {
    local name=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        failures=$((failures + 1))
        echo "# status $status, standard error:"
        head -n 20 "$err" | sed 's/^/#   /'
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# The last line of a script.
finish() {
    echo "1..$count"
    [ $failures -eq 0 ]
}

# The command that runs the program, or nothing.
wrapper=()

run() {
    timeout -s KILL 100 "${wrapper[@]}" "$program" "$@" >"$out" 2>"$err"
    status=$?
}

same() {
    cmp "$out" "$1"
}

nothing() {
    [ ! -s "$out" ]
}

ended() {
    [ "$status" -eq "$1" ]
}

says() {
    grep -q -e "$1" "$err"
}

# misused <arguments...>: wrong usage ends with status 2, prints nothing and says something.
misused() {
    run "$@"
    ok "wrong usage: $*" ended 2
    ok "wrong usage: $* prints nothing" nothing
    ok "wrong usage: $* is explained" [ -s "$err" ]
}

# unwritable <arguments...>: what cannot be printed is reported, with status 1.
unwritable() {
    timeout -s KILL 100 "$program" "$@" >&- 2>"$err"
    status=$?
    ok 'closed standard output' ended 1
    ok 'closed standard output is reported' says 'standard output: Bad file descriptor'
    if [ -c /dev/full ]; then
        timeout -s KILL 100 "$program" "$@" >/dev/full 2>"$err"
        status=$?
        ok 'full disk' ended 1
        ok 'full disk is reported' says 'standard output: No space left on device'
    fi
}

# For the tests of what stops a program: with OpenMP's own cancellation off and on.
both_ways() {
    local OMP_CANCELLATION
    for OMP_CANCELLATION in false true; do
        export OMP_CANCELLATION
        echo "# OMP_CANCELLATION=$OMP_CANCELLATION"
        "$@"
    done
}

# little_memory <expected output> <check of what is printed otherwise> <arguments...>: whatever the
# memory, either all is printed, or the status tells. Address sanitizers want more.
little_memory() {
    local expected=$1 otherwise=$2 kib=1024 refused=0 wrong=0
    shift 2
    if ! { (ulimit -v 1000000 && "$program" --help) >/dev/null; } 2>/dev/null; then
        skip 'little memory' 'the program does not start in 1 GB'
        return
    fi
    if [[ $(ldd "$program") == *libomp* ]]; then
        skip 'little memory' 'libomp itself does not survive that'
        return
    fi
    until { (ulimit -v $kib && "$program" --help) >/dev/null; } 2>/dev/null; do
        kib=$((kib + 32))
    done
    while :; do
        (ulimit -v $kib && exec timeout -s KILL 100 "$program" "$@") >"$out" 2>"$err"
        status=$?
        [ $status -eq 0 ] && break
        refused=$((refused + 1))
        if [ $status -ne 1 ] || ! "$otherwise" || ! [ -s "$err" ]; then
            wrong=$((wrong + 1))
            echo "# $kib KiB: status $status"
        fi
        kib=$((kib + kib / 64))
    done
    echo "# refused $refused times, enough at $kib KiB"
    ok 'too little memory is reported' [ $wrong -eq 0 ]
    ok 'too little memory has been tried' [ $refused -gt 0 ]
    ok 'enough memory: all is printed' same "$expected"
}
