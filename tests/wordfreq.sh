#!/usr/bin/env bash
# The wordfreq program against tr, sort and uniq, on text of every shape and on text that this
# machine has.
#
#     tests/wordfreq.sh <program>
#
# Prints a TAP line for each test; the exit status is 1 when one failed.
#
# SPDX-License-Identifier: Apache-2.0
sources=$(realpath "$(dirname "$0")/..")
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

# shellcheck disable=SC2018,SC2019
reference() {
    cat -- "$@" | tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c
}

# Words, gaps and blocks that meet in every way.
make_odd() {
    mkdir odd
    printf '' >odd/empty
    printf 'word' >odd/no-line-end
    printf 'one\n' >odd/one-line
    printf '\nfirst line is empty\n' >odd/gap-first
    printf '  \t\n.;,\n\n' >odd/only-gaps
    printf 'Don'"'"'t STOP: stop, Stop; don`t.' >odd/capitals
    printf 'carriage\r\nreturns\r\n' >odd/crlf
    printf 'na\xc3\xafve caf\xe9 \x80\xff\xc1\xdb @[`{ A[Z]a{z}\n' >odd/bytes
    printf 'nul\0between\0\0words\n' >odd/nul
    printf 'a b\tc d e f g h i j k l m n o p q r s t u v w x y z\n%.0s' {1..5} >odd/letters
    printf 'long%.0s' {1..3000} >odd/long-word
    { printf 'x %.0s' {1..3000}; printf '\nshort line\n'; } >odd/long-line
    head -c 20000 "$program" >odd/binary
}

# Also with blocks of a byte, and with one block in memory.
odd_text() {
    local file options
    for file in odd/*; do
        reference "$file" >expected
        for options in --serial '--serial --block 1' '--threads 1' '--threads 2 --block 1' \
            '--threads 1 --block 3 --live 1' '--threads 2 --block 10 --live 1' \
            '--threads 2 --block 100 --live 2' '--threads 7 --block 7' '--threads 7 --block 64'; do
            # shellcheck disable=SC2086
            run $options "$file"
            ok "$file $options" same expected
            ended 0 || ok "$file $options: status" ended 0
        done
    done
}

# What the machine has: licenses, headers, its own sources.
real_text() {
    local files options
    mapfile -t files < <(find /usr/share/common-licenses /usr/include "$sources" \
        -maxdepth 2 -type f -name '[^.]*' -size -200k 2>/dev/null | sort | head -n 400)
    echo "# ${#files[@]} files, $(cat -- "${files[@]}" | wc -c) bytes"
    reference "${files[@]}" >expected
    for options in --serial '--threads 1' '--threads 2' '--threads 7' \
        '--threads 2 --block 1000' '--threads 7 --block 20000 --live 3' '--threads 7 --live 1'; do
        # shellcheck disable=SC2086
        run $options "${files[@]}"
        ok "real text $options" same expected
        ended 0 || ok "real text $options: status" ended 0
    done
    cat -- "${files[@]}" >text
}

# Files are one text: a word can go on in the next one.
several_files() {
    local threads
    reference odd/no-line-end odd/empty odd/one-line odd/long-word odd/no-line-end >expected
    for threads in 1 2 7; do
        run --threads $threads --block 5 odd/no-line-end odd/empty odd/one-line odd/long-word \
            odd/no-line-end
        ok "several files, threads $threads" same expected
    done
    run odd/no-line-end - odd/one-line <odd/capitals
    reference odd/no-line-end odd/capitals odd/one-line >expected
    ok '- is standard input' same expected
    run <odd/letters
    reference odd/letters >expected
    ok 'no FILE is standard input' same expected
    run --threads 2 <<<"$(cat odd/letters)"
    ok 'standard input that is no file' same expected
    run </dev/null
    ok 'no text at all' same /dev/null
    cp odd/one-line ./--help
    run -- --help
    reference ./--help >expected
    ok 'a name with dashes' same expected
}

# refused <path> <errno's text> <arguments...>
refused() {
    local path=$1 reason=$2
    shift 2
    run "$@"
    ok "$*: status" ended 1
    ok "$*: nothing is printed" nothing
    ok "$*: reported" says "^wordfreq: .*$path"
    ok "$*: reason" says "$reason"
}

unreadable() {
    local options
    for options in --serial '--threads 1' '--threads 2 --block 1000' '--threads 7 --block 100'; do
        # shellcheck disable=SC2086
        refused nowhere 'No such file or directory' $options text nowhere text
        # shellcheck disable=SC2086
        refused odd 'Is a directory' $options text odd
    done
}

usage() {
    local wrong
    for wrong in '--threads -1' '--threads x' '--threads 3000000000' '--block 0' '--block 1.5' \
        '--block 2000000000' '--live -1' '--live' '--unknown'; do
        # shellcheck disable=SC2086
        misused $wrong
    done
    misused --threads ''
    run --help
    ok '--help' ended 0
    ok '--help prints the options' grep -q -e '--serial' "$out"
}

make_odd
odd_text
real_text
several_files
both_ways unreadable
usage
unwritable text
reference text >expected
little_memory expected nothing --threads 1 --block 100000 text
finish
