# Times of commands, measured in turn. Sourced; it makes $work, a directory below ${TMPDIR:-/tmp} that
# is removed at the end.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure <column> <command...>: adds its microseconds to the times of that column.
measure() {
    local column=$1 start end
    shift
    start=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1
    end=${EPOCHREALTIME/./}
    echo $((end - start)) >>"$work/$column"
}

median() {
    sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# compare <text> <slow column> <fast column>: both medians, and the median of the rounds' ratios.
compare() {
    local slow fast ratio
    slow=$(median <"$work/$2")
    fast=$(median <"$work/$3")
    ratio=$(paste "$work/$2" "$work/$3" | awk '{ print $1 / $2 }' | median)
    awk -v text="$1" -v slow="$slow" -v fast="$fast" -v ratio="$ratio" 'BEGIN {
        printf "%-44s %8.1f ms %8.1f ms   %.2f times as fast\n", text, slow / 1e3, fast / 1e3, ratio
    }'
}
