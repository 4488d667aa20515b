#!/usr/bin/env bash
# How fast the demo is with files that are cached, as ratios of times measured in turn:
#
#     scripts/demo-speed.sh [ROUNDS] [DIR]        ROUNDS: 21, DIR: /usr/include
#
#   large   272 files of 1 and 16 MiB, 512 MiB in all: two threads against one
#   small   20,000 files of up to 8 KiB: two threads against one
#   DIR     two threads against `find DIR -type f -print0 | xargs -0 -P2 -n64 cksum`
#
# The trees are made below ${TMPDIR:-/tmp} and removed. A time is that of the whole command, with its
# start and its output; the ratio of a pair is the median of the ratios of all rounds.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export LC_ALL=C

rounds=${1:-21}
dir=${2:-/usr/include}
if [ $# -gt 2 ] || [[ ! $rounds =~ ^[1-9][0-9]*$ ]] || [ ! -d "$dir" ]; then
    echo "Usage: scripts/demo-speed.sh [ROUNDS] [DIR]" >&2
    exit 2
fi
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# shellcheck source-path=SCRIPTDIR
. "$root/scripts/timing.sh"

make_trees() {
    perl -e '
        open my $random, "<", "/dev/urandom" or die;
        sub fill {
            my ($path, $size) = @_;
            read $random, my $data, $size;
            open my $file, ">", $path or die "$path: $!";
            print $file $data or die "$path: $!";
            close $file or die "$path: $!";
        }
        srand 1;
        chdir $ARGV[0] and mkdir "large" and mkdir "small" or die;
        fill("large/$_", 1 << 20) for 1 .. 256;
        fill("large/big$_", 1 << 24) for 1 .. 16;
        for my $below (1 .. 200) {
            mkdir "small/$below" or die;
            fill("small/$below/$_", int rand 8193) for 1 .. 100;
        }' "$work"
}

by_xargs() {
    find "$1" -type f -print0 | xargs -0 -P2 -n64 cksum
}

# What the system's part of the large files takes: both halves have 256 MiB.
read_by_one() {
    cat "$work"/large/*
}
read_by_two() {
    cat "$work"/large/big* &
    cat "$work"/large/[0-9]*
    wait
}

# Only right output counts; besides, this brings the files into the cache.
check() {
    find "$1" -type f -print0 | sort -z | xargs -0 cksum >"$work/expected"
    "$checksum" --threads 2 "$1" 2>/dev/null | cmp - "$work/expected"
}

checksum=$("$root/scripts/build-examples.sh" checksum)/checksum
{
    make_trees
    for tree in "$work/large" "$work/small" "$dir"; do
        check "$tree"
    done
} >&2

for ((round = 0; round < rounds; round++)); do
    for threads in 1 2; do
        measure "large$threads" "$checksum" --threads "$threads" "$work/large"
        measure "small$threads" "$checksum" --threads "$threads" "$work/small"
    done
    measure read1 read_by_one
    measure read2 read_by_two
    measure xargs by_xargs "$dir"
    measure dir "$checksum" --threads 2 "$dir"
done

echo "medians of $rounds rounds"
compare 'large files: 1 and 2 threads' large1 large2
compare 'large files, only read: 1 and 2 cat' read1 read2
compare 'small files: 1 and 2 threads' small1 small2
compare "$dir: xargs -P2 cksum and 2 threads" xargs dir
