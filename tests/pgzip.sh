#!/usr/bin/env bash
# The pgzip program against gzip: what it writes, what it leaves alone, and what stops it.
#
#     tests/pgzip.sh <program>
#
# Prints a TAP line for each test; the exit status is 1 when one failed.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"
block=131072

# Sizes around a block, text that repeats, and text that cannot be compressed.
make_text() {
    local size
    mkdir text
    awk 'BEGIN { for (i = 0; i < 60000; i++) print i, i * i % 977, "the same line in another way" }' >words
    head -c 1000000 /dev/urandom >text/random
    head -c 1000000 /dev/zero >text/zeros
    for size in 0 1 1000 $((block - 1)) $block $((block + 1)) $((3 * block)) 1000000; do
        head -c "$size" words >"text/$size"
    done
}

# member <text>: standard output is one gzip member of it. The length at the end is that of the last member.
member() {
    gzip -t <"$out" && zcat <"$out" | cmp - "$1" &&
        [ "$(tail -c 4 "$out" | od -An -tu4 --endian=little | tr -d ' ')" = "$(wc -c <"$1")" ]
}

# The same bytes whatever the number of threads.
all_text() {
    local file options first
    for file in text/*; do
        for options in -1 '' -9; do
            first=
            for threads in 1 2 7; do
                # shellcheck disable=SC2086
                run -c $options -p $threads "$file"
                ok "$file $options -p $threads: status" ended 0
                ok "$file $options -p $threads" member "$file"
                [ -n "$first" ] || { cp "$out" first && first=yes; }
                ok "$file $options -p $threads: the same bytes" same first
            done
        done
    done
    run -p 2 <words
    ok 'standard input' member words
    run -p 2 - < <(cat words)
    ok 'a pipe' member words
    run -1 -c words
    fast=$(wc -c <"$out")
    run --level 9 --stdout words
    ok '-9 is smaller than -1' [ "$(wc -c <"$out")" -lt "$fast" ]
    gzip -9 -c words >serial
    ok 'hardly longer than what gzip writes' [ "$(wc -c <"$out")" -lt $(($(wc -c <serial) * 101 / 100)) ]
}

# What becomes of the file itself.
in_place() {
    cp words file && chmod 640 file && touch -d 2001-02-03 file
    run -p 2 file
    ok 'in place: status' ended 0
    ok 'in place: the file has gone' [ ! -e file ]
    ok 'in place: mode and time' [ "$(stat -c '%a %Y' file.gz)" = "640 $(date -d 2001-02-03 +%s)" ]
    ok 'in place: nothing is printed' nothing
    zcat file.gz >file
    ok 'in place: what it holds' cmp file words
    run -k file
    ok 'FILE.gz is there: status' ended 1
    ok 'FILE.gz is there: reported' says '^pgzip: file.gz: File exists$'
    run -kf file
    ok '--force: status' ended 0
    ok '--keep' cmp file words
    run file.gz
    ok 'compressed already: status' ended 1
    ok 'compressed already: reported' says '^pgzip: file.gz: has the name'
    cp words other
    run -f nowhere text other
    ok 'one of several cannot be read: status' ended 1
    ok 'one of several cannot be read: reported' says '^pgzip: nowhere: No such file or directory$'
    ok 'a directory is reported' says '^pgzip: text: Is a directory$'
    ok 'the others are compressed' [ -e other.gz ]
    rm -f file file.gz other.gz
}

# one_line <what> <status> <line>: that is all it says, and no partial file is there.
one_line() {
    ok "$1: status" ended "$2"
    ok "$1: one clear line" grep -qx "pgzip: $3" "$err"
    ok "$1: no other line" [ "$(wc -l <"$err")" -eq 1 ]
    ok "$1: no partial file" [ ! -e big.gz ]
}

no_room() {
    cp text/random big
    (ulimit -f 100 && exec timeout -s KILL 100 "$program" -p 2 big) >"$out" 2>"$err"
    status=$?
    one_line 'a file that may not grow' 1 'big.gz: File too large'
    ok 'a file that may not grow: the other is kept' cmp big text/random
    if [ -c /dev/full ]; then
        timeout -s KILL 100 "$program" -p 2 -c big >/dev/full 2>"$err"
        status=$?
        one_line 'full disk' 1 'standard output: No space left on device'
    fi
    mkfifo pipe
    head -c 1 pipe >/dev/null &
    timeout -s KILL 100 "$program" -p 2 -c big >pipe 2>"$err"
    status=$?
    wait $!
    one_line 'closed pipe' 1 'standard output: Broken pipe'
    timeout -s KILL 100 "$program" -p 2 -c big >&- 2>"$err"
    status=$?
    one_line 'closed output' 1 'standard output: Bad file descriptor'
    timeout -s KILL 100 "$program" -p 2 <&- >"$out" 2>"$err"
    status=$?
    one_line 'closed input' 1 'standard input: Bad file descriptor'
    rm -f pipe big
}

# has_begun <file>: the head of the member is there.
has_begun() {
    local i
    for ((i = 0; i < 5000; i++)); do
        [ -s "$1" ] && return 0
        sleep 0.01
    done
    return 1
}

# begin <output> <argument>...: in the background, where a shell makes its children ignore SIGINT; with a limit
# on the processor's time for the case that nothing stops it.
begin() {
    local to=$1
    shift
    (ulimit -t 100 && exec env --default-signal=INT "$program" "$@") <&0 >"$to" 2>"$err" &
    pid=$!
}

# ended_by <signal>
ended_by() {
    kill "-$1" "$pid"
    wait "$pid"
    status=$?
}

# The big file takes minutes; the pipes are open and nobody writes or reads.
stops() {
    local signal pid
    truncate -s 40G big
    mkfifo silent full
    exec 5<>silent 6<>full
    for signal in INT TERM HUP; do
        begin "$out" -9 -p 2 big
        ok "SIG$signal: has begun" has_begun big.gz
        ended_by $signal
        one_line "SIG$signal" $((128 + $(kill -l $signal))) "interrupted by SIG$signal"
    done
    begin "$out" -p 2 <silent
    ok 'SIGINT, silent input: has begun' has_begun "$out"
    ended_by INT
    one_line 'SIGINT, silent input' 130 'interrupted by SIGINT'
    begin full -p 2 -c text/random
    head -c 10 <full >first
    ended_by INT
    one_line 'SIGINT, nobody reads' 130 'interrupted by SIGINT'
    run --timeout 0.3 -9 -p 2 big
    one_line 'time limit' 124 'timed out after 0[.]3 s'
    run --timeout 0.3 -p 2 <silent
    one_line 'time limit, silent input' 124 'timed out after 0[.]3 s'
    run --timeout 0.3 -p 2 big big
    one_line 'time limit of all files' 124 'timed out after 0[.]3 s'
    ok 'what was stopped is kept' [ -e big ]
    exec 5>&- 6>&-
    rm -f big silent full
}

usage() {
    local wrong
    for wrong in '-p -1' '-p x' '-p' '--level 0' '--level 10' '-0' '--timeout x' '-x' '--unknown'; do
        # shellcheck disable=SC2086
        misused $wrong
    done
    run --help
    ok '--help' ended 0
    ok '--help prints the options' grep -q -e '--keep' "$out"
}

nothing_or_part() {
    return 0
}

make_text
all_text
in_place
no_room
both_ways stops
usage
run -c -p 1 words
cp "$out" expected
little_memory expected nothing_or_part -c -p 1 words
finish
