#!/usr/bin/env bash
# abi.sh <library> <record> <step>: the functions and types that the shared library shows, against those that
# are recorded. What is new passes: functions, values of an enum, fields in reserved room. What is gone or has
# changed fails, until it is recorded by the target `abi-update`. The other steps are controls: they pretend
# that something else was recorded. `added` must pass, the others must fail with the right words.
#
# Environment: WORK, a folder to write to. Exit status 77: a tool or the processor's record is missing.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
library=$1 record=$2 step=$3
seen=${WORK:?}/$step.seen.abi recorded=$WORK/$step.recorded.abi

for tool in abidw abidiff; do
    command -v "$tool" >/dev/null || { echo "$tool is missing (Debian: abigail-tools)" && exit 77; }
done

# Neither folders of this machine, nor the C library's structs, nor those of src/.
describe() {
    abidw --no-elf-needed --no-corpus-path --no-comp-dir-path --no-show-locs --drop-undefined-syms \
        --type-id-style hash --suppressions "$here/system.suppr" \
        --drop-private-types --headers-dir "$here/../../include" \
        "$library" | sed -E "s@ path='[^']*/@ path='@"
}

# Compares what is recorded in $recorded.
compare() {
    local side
    for side in recorded seen; do
        awk -f "$here/room.awk" "$recorded" "${!side}" >"$WORK/$step.$side.cut.abi"
    done
    abidiff --no-added-syms "$WORK/$step.recorded.cut.abi" "$WORK/$step.seen.cut.abi" || {
        echo "Programs that are compiled already would break. Where that is meant: target abi-update"
        exit 1
    }
}

if [ "$step" = update ]; then
    describe >"$record"
    exit
fi
[ -e "$record" ] || { echo "nothing is recorded for this processor: $record" && exit 77; }
describe >"$seen"
grep -q "elf-symbol name='ompg_wait' version='OMPGROUP_" "$seen"
if grep "elf-symbol name=" "$seen" | grep -v "name='ompg_"; then
    exit 1
fi

case $step in
check) cp "$record" "$recorded" ;;
added) # ompg_version, and a field where the recorded struct has room
    sed -Ez "s@<elf-symbol name='ompg_version'[^>]*>@@
        s@<var-decl name='[^']*'[^>]*>\s*</data-member>\s*<data-member[^>]*>\s*(<var-decl name='reserved')@\1@" \
        "$record" >"$recorded"
    [ $(($(wc -l <"$record") - $(wc -l <"$recorded"))) = 3 ]
    ;;
removed_function) sed -E "s/'ompg_try_go'/'ompg_gone'/" "$record" >"$recorded" ;;
changed_field) # its type, by that of the field before it
    sed -Ez "s/(name='limit' type-id=')([^']*)(.*name='budget' type-id=')[^']*/\1\2\3\2/" \
        "$record" >"$recorded"
    ;;
moved_field) sed -Ez "s/bits='96(.{,40}<var-decl name='limit')/bits='104\1/" "$record" >"$recorded" ;;
*)
    echo "unknown: $step" >&2
    exit 2
    ;;
esac
compare
