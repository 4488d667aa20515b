#!/usr/bin/env bash
# The public functions: none is forgotten where all of them have to stand.
#
#     functions.sh [<folder of headers>]
#
# - test_errno.c calls each one.
# - must_use.c drops the result of each whose declaration says OMPG_MUST_USE.
# - test_signals.c calls each whose comment says that signal handlers may call it.
# - docs/errors.md names each whose comment speaks of an errno value (`ompg_go*` names all that begin so).
# Prints what is missing. Exit status: 0; 1 when something is.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
headers=${1:-include/ompgroup}

# `function what`: all, must_use, in_handlers, has_codes. A comment is that of all declarations up to the next one.
# What the loop macros call is not for users.
functions() {
    find "$headers" -name '*.h' ! -name loop_macro_parts.h -print0 | sort -z | xargs -0 awk '
        /^\/\*/ { comment = "" }
        /^(\/\*| \*)/ { comment = comment " " $0 }
        /^(OMPG_MUST_USE )?OMPG_API / {
            must_use = $0 ~ /^OMPG_MUST_USE/
            match($0, /ompg_[a-z_]+\(/)
            name = substr($0, RSTART, RLENGTH - 1)
            print name, "all"
            if (must_use) print name, "must_use"
            if (comment ~ /[Aa]sync-signal-safe/) print name, "in_handlers"
            if (comment ~ /[^A-Z_]E[A-Z][A-Z]+[^A-Z_]/) print name, "has_codes"
        }'
}
found=$(functions)
[ "$(grep -c ' all$' <<<"$found")" -ge 50 ] || [ $# -gt 0 ] || { echo "the check does not see the headers" && exit 1; }

# calls <file>: the functions that it calls.
calls() {
    awk -v want=code -f tests/words.awk "$1" | grep -oE '\bompg_[a-z_]+\(' | tr -d '(' | sort -u
}

missing=0
# each <what> <list of functions> <where>
each() {
    local name
    while read -r name; do
        grep -qxF "$name" <<<"$2" || { echo "$3 has no $name" && missing=1; }
    done < <(sed -n "s/ $1\$//p" <<<"$found")
}

each all "$(calls tests/test_errno.c)" tests/test_errno.c
each must_use "$(sed -nE 's|^ *(ompg_[a-z_]+)\(.*/\* warns \*/$|\1|p' tests/must_use.c)" tests/must_use.c
each in_handlers "$(calls tests/test_signals.c)" tests/test_signals.c
said=$(grep -oE 'ompg_[a-z_]+[*]?' docs/errors.md | sort -u)
while read -r prefix; do
    said+=$'\n'$(grep -oE "^$prefix[a-z_]*" <<<"$found" || true)
done < <(sed -n 's/[*]$//p' <<<"$said")
each has_codes "$said" docs/errors.md
exit $missing
