#!/usr/bin/env bash
# How fast the examples wordfreq, heat, pi and pgzip are, as ratios of times measured in turn:
#
#     scripts/examples-speed.sh [ROUNDS]        ROUNDS: 21
#
#   wordfreq   two threads against one, and against the serial version, on text of this machine
#   heat, pi   the library against plain OpenMP, both with two threads
#   pgzip      two threads against pigz with two, where that and zlib are there, on the same text
#
# The text is what /usr/include and some of /usr/share hold, repeated up to 256 MiB, below
# ${TMPDIR:-/tmp}, and removed. A time is that of the whole command, with its start and its output;
# the ratio of a pair is the median of the ratios of all rounds.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export LC_ALL=C

rounds=${1:-21}
if [ $# -gt 1 ] || [[ ! $rounds =~ ^[1-9][0-9]*$ ]]; then
    echo "Usage: scripts/examples-speed.sh [ROUNDS]" >&2
    exit 2
fi
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source-path=SCRIPTDIR
. "$root/scripts/timing.sh"

make_text() {
    local size=$((256 << 20))
    find /usr/include /usr/share/common-licenses /usr/share/doc /usr/share/perl* \
        -type f ! -name '*.gz' -print0 2>/dev/null | sort -z | xargs -0 cat >"$work/once" 2>/dev/null ||
        true
    [ -s "$work/once" ]
    while [ "$(wc -c <"$work/text")" -lt $size ]; do
        cat "$work/once" >>"$work/text"
    done
    truncate -s $size "$work/text"
}

# Only right output counts; besides, this brings the text into the cache.
check() {
    # shellcheck disable=SC2018,SC2019
    head -c $((32 << 20)) "$work/text" | tr -cs A-Za-z '\n' | tr A-Z a-z | sort | uniq -c \
        >"$work/expected"
    head -c $((32 << 20)) "$work/text" | "$programs/wordfreq" --threads 2 | cmp - "$work/expected"
    "$programs/wordfreq" --serial "$work/text" >"$work/expected"
    "$programs/wordfreq" --threads 2 "$work/text" | cmp - "$work/expected"
    "$programs/heat" --threads 2 --compare
    [ ! -x "$programs/pgzip" ] || "$programs/pgzip" -c -p 2 "$work/text" | zcat | cmp - "$work/text"
}

programs=$("$root/scripts/build-examples.sh" all)
{
    : >"$work/text"
    make_text
    check
} >&2

heat=("$programs/heat" --threads 2 --size 2048 --steps 200)
pi=("$programs/pi" --threads 2 --draws 40000000)
for ((round = 0; round < rounds; round++)); do
    measure serial "$programs/wordfreq" --serial "$work/text"
    measure wordfreq1 "$programs/wordfreq" --threads 1 "$work/text"
    measure wordfreq2 "$programs/wordfreq" --threads 2 "$work/text"
    measure heat-plain "${heat[@]}" --plain
    measure heat "${heat[@]}"
    measure pi-plain "${pi[@]}" --plain
    measure pi "${pi[@]}"
    if [ -x "$programs/pgzip" ] && command -v pigz >/dev/null; then
        measure pigz pigz -p 2 -c "$work/text"
        measure pgzip "$programs/pgzip" -p 2 -c "$work/text"
    fi
done

echo "medians of $rounds rounds"
compare 'wordfreq: 1 and 2 threads' wordfreq1 wordfreq2
compare 'wordfreq: serial and 2 threads' serial wordfreq2
compare 'heat: omp parallel for and OMPG_FOR' heat-plain heat
compare 'pi: OpenMP reduction and ompg_reduce' pi-plain pi
[ ! -f "$work/pgzip" ] || compare 'pgzip: pigz -p 2 and 2 threads' pigz pgzip
