#!/usr/bin/env bash
# The storeys of src/: a file uses only what stands in its own folder or in one below, and no two files use
# one another, neither by what they include nor by what the linker joins. OpenMP stands in one file.
#
#     storeys.sh <src> <object>... [--storeys "<folder>..."]
#
# Prints each use that goes up, or round, with both names. Exit status: 0; 1 when there is one; 77 without nm.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

storeys="base store group engine api parallel" # from the ground up
src=${1:?}
shift
objects=()
while [ $# -gt 0 ]; do
    case $1 in
    --storeys) storeys=$2 && shift 2 ;;
    *) objects+=("$1") && shift ;;
    esac
done
command -v nm >/dev/null || { echo "nm is missing" && exit 77; }

# `user used how`, files as folder/stem.
includes() {
    (cd "$src" && grep -noE '^#include "[a-z_]+/[a-z_]+[.]h"' */*.[ch]) |
        sed -E 's|^([a-z_]+/[a-z_]+)[.]([ch]):[0-9]+:#include "([a-z_]+/[a-z_]+)[.]h"|\1 \3 the.include.in.\1.\2|' |
        awk '$2 !~ /^ompgroup\// && $1 != $2'
}

# An object's name ends in folder/stem.c.o.
symbols() {
    for object in "${objects[@]}"; do
        nm "$object" | awk -v file="$(sed -E 's|.*/([a-z_]+/[a-z_]+)[.]c[.]o$|\1|' <<<"$object")" '
            NF == 2 && $1 == "U" { print file, "uses", $2 }
            NF == 3 && $2 ~ /^[TDBRVWC]$/ { print file, "has", $3 }'
    done | awk '
        $2 == "has" { home[$3] = $1 }
        $2 == "uses" { user[NR] = $1; symbol[NR] = $3 }
        END { for (i in user) if (symbol[i] in home && home[symbol[i]] != user[i])
                  print user[i], home[symbol[i]], symbol[i] }'
}

if openmp=$(cd "$src" && grep -nE '^#(include <omp[.]h>|pragma omp)' */*.[ch] | grep -v '^base/openmp[.]c:'); then
    echo "OpenMP is used beside base/openmp.c:"
    echo "$openmp"
    exit 1
fi

# Any other way to write it would be a use that is not seen.
if unseen=$(cd "$src" && grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' */*.[ch] |
    grep -vE ':#include "[a-z_]+/[a-z_]+[.]h"$'); then
    echo "an include that does not name folder and file:"
    echo "$unseen"
    exit 1
fi

{ includes && symbols; } | sort -u | awk -v storeys="$storeys" '
    function storey(file) { return level[substr(file, 1, index(file, "/") - 1)] }
    # Whether there is a way from one file to another.
    function leads(from, to,    next_file, list, n, i) {
        if (from == to)
            return 1
        if (from in seen)
            return 0
        seen[from] = 1
        n = split(uses[from], list, " ")
        for (i = 1; i <= n; i++)
            if (leads(list[i], to))
                return 1
        return 0
    }
    BEGIN { n = split(storeys, names, " "); for (i = 1; i <= n; i++) level[names[i]] = i }
    {
        count++
        how[$1 " " $2] = $3
        if (!storey($1) || !storey($2)) {
            print $1 " or " $2 " stands in no storey"
            bad = 1
        } else if (storey($1) < storey($2)) {
            print $1 " uses " $2 ", which stands above it: " $3
            bad = 1
        }
        uses[$1] = uses[$1] " " $2
    }
    END {
        for (use in how) {
            split(use, ends, " ")
            delete seen
            if (leads(ends[2], ends[1])) {
                print ends[1] " and " ends[2] " use one another: " how[use]
                bad = 1
            }
        }
        if (count < 50) {
            print "only " count + 0 " uses were found: the check does not see the sources"
            bad = 1
        }
        print count " uses between files"
        exit bad
    }'
