#!/usr/bin/env bash
# OMPG_FOR and its like vectorise as a `for` does: the same packed instructions on the same registers, with
# the processor's oldest vector unit and with AVX2 and FMA. A loop that cannot be vectorised is the
# control: no packed instruction may be seen in it.
#
#     loop_vectorises.sh <processor> <include folder> <compiler> [<flag>...]
#
# Exit status: 0; 1 when the instructions differ; 77 when it cannot be checked.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

processor=${1:?} include=${2:?}
shift 2

case "$processor" in
x86_64 | AMD64) ;;
*)
    echo "instructions of $processor are not known here"
    exit 77
    ;;
esac
case "$*" in
*-fsanitize=*)
    echo "sanitizers keep loops from being vectorised"
    exit 77
    ;;
esac
if ! command -v objdump >/dev/null; then
    echo "objdump is missing"
    exit 77
fi

object=$(mktemp)
trap 'rm -f "$object"' EXIT

# packed <function>: its instructions that add or multiply packed doubles, with the kind of register,
# each once; those of the function that the compiler makes of a parallel region are among them.
packed() {
    objdump -d --no-show-raw-insn "$object" | awk -v name="$1" '
        /^[0-9a-f]+ <.*>:$/ { inside = index($2, "<" name) == 1 }
        inside && $2 ~ /^v?(add|mul|fn?m(add|sub)[0-9]*)pd$/ {
            sub(/[0-9]+pd$/, "pd", $2) # which operand an FMA overwrites is no matter
            if (match($0, /%[xyz]mm/))
                print $2, substr($0, RSTART, RLENGTH)
        }' | sort -u
}

status=0
fail() {
    echo "$1"
    status=1
}

# compare <what> <compiler and flags>...
compare() {
    local what=$1 plain group control function
    shift
    "$@" -O3 -I"$include" -c -o "$object" "$(dirname "$0")/loop_vectorises.c"
    plain=$(packed plain_triad)
    control=$(packed group_chain)
    printf '%s\n' "$what: the plain triad" "$plain"
    [ -n "$plain" ] || fail "$what: the plain triad is not vectorised"
    for function in triad int pointers options team step down two; do
        group=$(packed "group_$function")
        printf '%s\n' "$what: group_$function" "$group"
        [ "$group" = "$plain" ] || fail "$what: group_$function has other instructions"
    done
    [ -z "$control" ] || fail "$what: packed instructions where there cannot be any: $control"
}

compare "baseline" "$@"
compare "AVX2 and FMA" "$@" -mavx2 -mfma
exit $status
