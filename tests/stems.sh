#!/usr/bin/env bash
# One concept, one stem: a function that a header declares stands in a file of the header's name, or the longer of the
# two names begins with the other: error.h and error_text.c, loop_macro_parts.h and loop_macro.c. And a static function
# has a name that no other file has, so that all of src/ can be one source (tests/builds). Each file is in the map of
# docs/design.md.
#
#     stems.sh <root> <object>... [--headers <folder>]
#
# Prints each function that stands elsewhere, or twice. --headers: declarations from there count as well. Exit status: 0; 1 when
# there is one; 77 without nm.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
root=${1:?}
shift
objects=()
headers=("$root"/include/ompgroup/*.h "$root"/src/*/*.h)
while [ $# -gt 0 ]; do
    case $1 in
    --headers) headers+=("$2"/*.h) && shift 2 ;;
    *) objects+=("$1") && shift ;;
    esac
done
command -v nm >/dev/null || { echo "nm is missing" && exit 77; }

# `name file` of static functions; those of delays.c are in a build of its own.
statics() {
    for source in "$root"/src/*/*.c; do
        awk -v want=code -f "$root/tests/words.awk" "$source" | sed -E 's/__attribute__\(\([^)]*(\([^)]*\))?\)\)//' |
            sed -nE 's/^static [^=;(]*[ *]([a-z_0-9]+)\(.*/\1/p' | sort -u | sed "s|\$| ${source##*/src/}|"
    done | grep -v ' base/delays.c$'
}
twice=$(statics | awk '{ files[$1] = files[$1] " " $2; count[$1]++ }
    END { for (name in count) if (count[name] > 1) print "static " name " stands in" files[name] }')
[ -z "$twice" ] || echo "$twice"
lost=$(for source in "$root"/src/*/*.[ch]; do
    stem=$(basename "${source%.*}")
    sed -n '/^## Storeys/,/^A header/p' "$root/docs/design.md" | grep -qw "$stem" || echo "$stem"
done | sort -u)
[ -z "$lost" ] || echo "docs/design.md has no" $lost

# `function stands stem`; an object's name ends in folder/stem.c.o.
for object in "${objects[@]}"; do
    nm "$object" | awk -v stem="$(sed -E 's|.*/([a-z_]+)[.]c[.]o$|\1|' <<<"$object")" '
        NF == 3 && $2 == "T" { print $3, "stands", stem }'
done | awk '
    FILENAME == "-" {
        stem[$1] = $3
        next
    }
    # A declaration begins its line; a call, or a function that is inlined, does not stand alone.
    /^[a-zA-Z].*[a-z0-9_]+\(/ {
        line = $0
        while (match(line, /[a-z][a-z0-9_]*\(/)) {
            name = substr(line, RSTART, RLENGTH - 1)
            line = substr(line, RSTART + RLENGTH)
            if (!(name in stem))
                continue
            count++
            header = FILENAME
            gsub(/.*\/|[.]h$/, "", header)
            if (index(stem[name] "_", header "_") != 1 && index(header "_", stem[name] "_") != 1) {
                print name " of " header ".h stands in " stem[name] ".c"
                bad = 1
            }
        }
    }
    END {
        if (count < 50) {
            print "only " count + 0 " functions were found: the check does not see the sources"
            bad = 1
        }
        print count " functions of headers"
        exit bad
    }' - "${headers[@]}"
[ -z "$twice$lost" ]
