#!/usr/bin/env bash
# The words of comments and pages: names in them are names of the code, and a word means one thing.
#
#     words.sh [<root>]
#     words.sh --control     whether all faults of tests/words are found
#
# A name is stale where nothing of the code or of the system headers has it any more: an identifier with an
# underscore, `name()`, `object.field`, what stands in backquotes, and a file. In comments of src/ and include/
# these must be in src/, include/ or the system headers; in other comments and in pages (in backquotes there)
# they may be in any file of the project. tests/words.txt has the names of other projects, and the phrases that
# are not used here, each with what stands for it. The glossary of docs/design.md has twenty words at most.
# Prints FILE:LINE and what is wrong. Exit status: 0; 1 when there is something. CC: the compiler, for its headers.
#
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail # a grep may find nothing
here=$(dirname "$(readlink -f "$0")")
[ "${1-}" != --control ] || exec diff <("$0" "$here/words") "$here/words/expected"
cd "${1:-$here/..}"
export LC_ALL=C
tab=$'\t'
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

files() { # <extension>... of which <folder>..., as `-- <folder>...`
    local names=() folders=()
    while [ "$1" != -- ]; do
        names+=(-o -name "*.$1")
        shift
    done
    shift
    for folder; do [ ! -e "$folder" ] || folders+=("$folder"); done
    [ ${#folders[@]} -eq 0 ] || find "${folders[@]}" -type f \( "${names[@]:1}" \) | sort
}

mapfile -t library < <(files h c -- include src)
mapfile -t others < <(files h c cpp go rs -- tests examples bench | grep -v '^tests/words/')
mapfile -t pages < <(find . docs -maxdepth 1 -name '*.md' | sed 's|^[.]/||' | sort)
mapfile -t scripts < <({
    files sh cmake txt awk py toml in -- tests scripts cmake bench src examples
    find . -maxdepth 1 -name 'CMake*' -type f
} | grep -v '^tests/words')

# ---- what there is ----

words() { grep -ohE '[A-Za-z_][A-Za-z0-9_]*' | sort -u; }

awk -v want=code -f "$here/words.awk" "${library[@]}" >"$work/library.code"
awk -v want=code -f "$here/words.awk" /dev/null "${others[@]}" >"$work/others.code"

# The system headers that the sources include. One by one: one may be missing, or be C++.
{
    for header in $(grep -ohE '^#include <[a-z0-9_/]+[.]h>' "${library[@]}" "${others[@]}" | sed 's/.*<//; s/>//' | sort -u); do
        echo "#include <$header>" | "${CC:-cc}" -fopenmp -D_GNU_SOURCE -E -dD -x c -
    done
    "${CC:-cc}" -dM -E -x c /dev/null
} 2>/dev/null | words >"$work/system"
[ "$(wc -l <"$work/system")" -gt 1000 ] || { echo "${CC:-cc} cannot preprocess the system's headers" && exit 1; }

# Names of another project: `name <name> <whose>`.
sed -n 's/^name \([^ ]*\) .*/\1/p' "$here/words.txt" >"$work/foreign"
words <"$work/library.code" | sort -u - "$work/system" "$work/foreign" >"$work/in.library"
{
    words <"$work/others.code"
    cat /dev/null "${scripts[@]}" | words
    find . -path ./build -prune -o -path ./.git -prune -o -type f -print | sed 's|.*/||; s|[.].*||'
} | sort -u - "$work/in.library" >"$work/in.project"

# Files and the ends of their paths: engine/leave.h, leave.h.
find . -path ./build -prune -o -path ./.git -prune -o -type f -print | sed 's|^[.]/||' |
    awk '{ print; while (sub(/^[^\/]*\//, "")) print }' | sort -u >"$work/files"

# object.field wherever the code has it, or a struct of that name has the field.
awk '{
    line = $0
    while (match(line, /[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?(->|[.])[a-z_][A-Za-z0-9_]*/)) {
        found = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + 1)
        sub(/\[[^]]*\]/, "", found)
        sub(/->/, ".", found)
        print found
    }
}
/^(typedef )?(struct|union) [a-z_]+ \{/ { object = $0; sub(/ \{.*/, "", object); sub(/.* /, "", object) }
/^\}/ { object = "" }
object != "" {
    line = $0
    while (match(line, /[a-z_][A-Za-z0-9_]*(\[[^]]*\])?[,;)]/)) {
        found = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        sub(/[^A-Za-z0-9_].*/, "", found)
        print object "." found
        if (object ~ /^ompg_/)
            print substr(object, 6) "." found
    }
}' "$work/library.code" "$work/others.code" | sort -u >"$work/fields"

# ---- what is said ----

# FILE:LINE<tab>kind name
names_in_comments() {
    awk -v want=comments -f "$here/words.awk" /dev/null "$@" | grep -v "$tab@" | awk -F '\t' '
    function each(pattern, kind, drop,    text, found, before) {
        text = $2
        while (match(text, pattern)) {
            found = substr(text, RSTART, RLENGTH)
            before = RSTART > 1 ? substr(text, RSTART - 1, 1) : " "
            text = substr(text, RSTART + RLENGTH)
            if (before ~ /[A-Za-z0-9_.\/$%"-]/)
                continue
            if (kind == "name" && found ~ /[.]$/ && text ~ /^(c|h|cpp|sh|awk|md|txt|py|cmake)([^a-z]|$)/)
                continue # a file
            gsub(drop, "", found)
            print at "\t" kind " " found
        }
    }
    $2 ~ /^     .*[;{})]$/ { next } # an example
    {
        at = $1
        sub(/:[0-9]+$/, "", at)
        each("`[A-Za-z_][A-Za-z0-9_]*`", "name", "`")
        each("[A-Za-z_][A-Za-z0-9_]*\\(\\)", "name", "[()]")
        each("[A-Za-z0-9_\\/]+[.](h|c|cpp|sh|awk|md|cmake|py|txt)([^a-z_]|$)", "file", "[^A-Za-z0-9_.\\/]|[.]$")
        each("[a-z_]+[.][a-z_]+[^(]", "field", "[^a-z_.]|[.]$")
        each("[A-Za-z0-9]*_[A-Za-z0-9_]+[^*]", "name", "[^A-Za-z0-9_]")
    }'
}

names_in_pages() {
    awk '
    FNR == 1 { fence = 0 }
    /^ *```/ { fence = !fence; next }
    fence { next }
    {
        line = $0
        while (match(line, /`[^`]*`/)) {
            code = substr(line, RSTART + 1, RLENGTH - 2)
            line = substr(line, RSTART + RLENGTH)
            at = FILENAME ":" FNR
            if (code ~ /^[A-Za-z_][A-Za-z0-9_]*(\(\))?$/) {
                sub(/\(\)/, "", code)
                if (code !~ /^_/)
                    print at "\tname " code
                continue
            }
            if (code ~ /^[A-Za-z0-9_\/.-]+[.](h|c|cpp|sh|awk|md|cmake|py|txt)$/) {
                print at "\tfile " code
                continue
            }
            while (match(code, /[A-Za-z0-9]*_[A-Za-z0-9_]+/)) {
                if (substr(code, RSTART, 1) != "_") # `OMPGROUP_BUILD_TESTS`, `_BENCH`
                    print at "\tname " substr(code, RSTART, RLENGTH)
                code = substr(code, RSTART + RLENGTH)
            }
        }
    }' "$@"
}

# stale <names that there are>: the lines of standard input whose name is not there.
stale() {
    awk -F '\t' -v names="$1" -v files="$work/files" -v fields="$work/fields" '
    BEGIN {
        while ((getline line <names) > 0) is_name[line] = 1
        while ((getline line <files) > 0) is_file[line] = 1
        while ((getline line <fields) > 0) is_field[line] = 1
    }
    {
        split($2, said, " ")
        what = said[2]
        split(what, part, ".")
        if (said[1] == "name" && !(what in is_name))
            print $1 ": there is no " what
        if (said[1] == "file" && !(what in is_file) && what !~ /^omp[.]h$|[A-Z][A-Z]/)
            print $1 ": there is no file " what
        if (said[1] == "field" && !(what in is_file) && part[1] in is_name && part[2] in is_name && !(what in is_field))
            print $1 ": nothing has a field " what
    }'
}

# Comments and paragraphs, each on one line: FILE:LINE<tab>. text.
joined() {
    {
        awk -v want=comments -f "$here/words.awk" "${library[@]}" "${others[@]}" | grep -v "$tab@"
        awk '/^ *```/ { fence = !fence } FNR == 1 { fence = 0 } /^ *$/ || FNR == 1 { block++ }
            !fence { print FILENAME ":" FNR ":" block "\t" $0 }' "${pages[@]}"
        awk '/^[ \t]*#[^!]/ { if (!was) block++; text = $0; sub(/^[ \t]*#/, "", text); print FILENAME ":" FNR ":s" block "\t" text }
            { was = /^[ \t]*#/ }' /dev/null "${scripts[@]}"
    } | awk -F '\t' '{
        split($1, at, ":")
        if (at[1] ":" at[3] != block) {
            if (text != "") print start "\t" text
            block = at[1] ":" at[3]; start = at[1] ":" at[2]; text = "."
        }
        gsub(/`[^`]*`/, "`", $2)
        text = text " " $2
    }
    END { if (text != "") print start "\t" text }' | tr -s ' '
}

# said <keyword> <file>: a line `<keyword> <what stands for it>: <expression>` each.
said() {
    sed -n "s/^$1 //p" "$here/words.txt" | while IFS= read -r rule; do
        { grep -E "$tab.*(${rule#*: })" "$2" || true; } | while IFS=$tab read -r at text; do
            echo "$at: \"$(grep -oE "${rule#*: }" <<<"$text" | head -n 1 | sed 's/^[^A-Za-z]*//')\" is not said here, but ${rule%%: *}"
        done
    done
}

# Words that mean one thing are few, or nobody learns them.
glossary() {
    local count
    count=$(sed -n '/^## Words/,/^## [^W]/p' docs/design.md 2>/dev/null | grep -c '^| [a-z]')
    [ "$count" -le 21 ] || echo "docs/design.md:1: its glossary has $((count - 1)) words, not twenty at most"
}

joined >"$work/joined"
grep -E '^(src|include|docs/design|docs/memory-model)' "$work/joined" >"$work/joined.library" || true
{
    names_in_comments "${library[@]}" | stale "$work/in.library"
    names_in_comments "${others[@]}" | stale "$work/in.project"
    names_in_pages "${pages[@]}" | stale "$work/in.project"
    said phrase "$work/joined"
    said word "$work/joined.library"
    glossary
} | sort -u | sort -s -t : -k 1,1 -k 2,2n | tee "$work/faults"
[ ! -s "$work/faults" ]
