#!/usr/bin/env bash
# Compiles and runs every code block of a document, a Markdown page or a public header:
#
#     tests/documents.sh [--control] DOCUMENT
#
#   c, cpp   A block with a main() is a program; it is built with warnings as errors, and must end with 0.
#            Any other block is put in the place of the line `//@ snippet` of a frame, a program which
#            knows what the snippet needs and says whether it did what it should: tests/documents/NAME.c
#            where the line above the block is `<!-- frame: NAME -->`, else that with the document's name.
#            `<!-- file: NAME -->` above a program keeps it as that file for the shell blocks below.
#   cmake    the same, in tests/documents/CMakeLists.txt: a project with the installed package
#   sh       is run with the example programs, the compiler and the installed package at hand. Each command
#            must succeed, or end as its comment says: `# ... status 1`. FILE... is a file of text,
#            program.c one that uses the library.
#   no language  below a shell block: what that prints, whatever the digits are; elsewhere: not code
#
# Links to files and to headings in them are looked up as well.
#
# `<!-- not run: REASON -->` above a block leaves it at a look at its syntax and at the files and presets
# that it names. With --control every block and link must be found wrong.
#
# Environment: CC, CXX (or empty), FLAGS (of OpenMP), LIBRARY, PROGRAMS (where the examples lie), CMAKE,
# GENERATOR, PREFIX (of the installed package), WORK.
#
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail
export LC_ALL=C OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive # other tests run meanwhile

control=false
[ "$1" != --control ] || { control=true && shift; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
document=$1
base=$(basename "$document")
work=${WORK:?}/$(tr '/' '.' <<<"$document")
rm -rf "$work"
mkdir -p "$work"/{blocks,bin,run}
read -ra flags <<<"${FLAGS:?}"

ln -s "$(command -v "${CC:?}")" "$work/bin/cc"
[ -z "${CXX:-}" ] || ln -s "$(command -v "$CXX")" "$work/bin/c++"
cp "$root/$document" "$work/run/$base"
cp "$root/LICENSE" "$work/run/text"
cp "$here/contract_example.c" "$work/run/program.c"

warnings=(-Wall -Wextra -Wpedantic -Wshadow -Werror)

# compile <c or cpp> <source> <program>
compile() {
    local compiler=("$CC" -std=c11 -Wstrict-prototypes)
    if [ "$1" = cpp ]; then
        [ -n "${CXX:-}" ] || return 0
        compiler=("$CXX" -std=c++17)
    fi
    "${compiler[@]}" -O2 "${warnings[@]}" -I"$root/include" "$2" "${flags[@]}" "$LIBRARY" -lm -o "$3"
}

# put_in_frame <frame> <marker> <block> <line>
put_in_frame() {
    awk -v marker="$2" -v block="$3" -v line="$4" -v name="$document" '
        $0 !~ "^ *" marker "$" { print; next }
        { found++ }
        marker ~ /^\/\// { print "#line " line " \"" name "\"" }
        { while ((getline text <block) > 0) print text; close(block) }
        marker ~ /^\/\// { print "#line " NR + 1 " \"" FILENAME "\"" }
        END { exit found != 1 }' "$1"
}

# program_of <number> <line> <language> <directive>: builds it as <number>.
program_of() {
    local block=$work/blocks/$1.block source=$work/blocks/$1.$3 frame=
    if grep -qE '(^|[^a-z_])main\(' "$block"; then
        { echo "#line $2 \"$document\"" && cat "$block"; } >"$source"
    else
        frame=$here/documents/$base.$3
        [[ $4 != frame:* ]] || frame=$here/documents/${4#frame: }.$3
        if [ ! -f "$frame" ]; then
            echo "no main(), and no frame: ${frame#"$root/"} does not exist"
            return 1
        fi
        put_in_frame "$frame" '//@ snippet' "$block" "$2" >"$source" || {
            echo "${frame#"$root/"} must have one line //@ snippet"
            return 1
        }
    fi
    [[ $4 != file:* ]] || cp "$block" "$work/run/${4#file: }"
    compile "$3" "$source" "$work/blocks/$1"
}

check_program() {
    program_of "$@" || return 1
    [[ $4 != file:* ]] || return 0
    if [ "$3" = cpp ] && [ -z "${CXX:-}" ]; then
        return 0
    fi
    (cd "$work/run" && timeout -s KILL 100 "$work/blocks/$1") || {
        echo "ends with status $?"
        return 1
    }
}

check_cmake() {
    local project=$work/project$1
    mkdir -p "$project"
    put_in_frame "$here/documents/CMakeLists.txt" '#@ snippet' "$work/blocks/$1.block" "$2" \
        >"$project/CMakeLists.txt" || return 1
    cp "$work/run/program.c" "$project/program.c"
    "$CMAKE" -S "$project" -B "$project/build" -G "$GENERATOR" -DCMAKE_C_COMPILER="$CC" \
        -DCMAKE_PREFIX_PATH="$PREFIX" && "$CMAKE" --build "$project/build" && "$project/build/program"
}

# check_names <block>: what it names of this project exists.
check_names() {
    local name wrong=0
    while read -r name; do
        [ -e "$root/$name" ] || { echo "$name does not exist" && wrong=1; }
    done < <(grep -oE '(^|[ (])(scripts|tests|docs|examples|bench)/[A-Za-z0-9_./-]+' "$1" | tr -d ' (')
    while read -r name; do
        grep -qF "\"name\": \"$name\"" "$root/CMakePresets.json" ||
            { echo "there is no preset $name" && wrong=1; }
    done < <(grep -oE -e '--preset [a-z-]+' "$1" | cut -d ' ' -f 2)
    return $wrong
}

# A command whose comment tells its status must end with that.
script_of() {
    echo 'set -e'
    sed -E -e 's/^([^#]*[^# ]) +#.* status ([0-9]+)$/status=0; { \1; } || status=$?; [ $status -eq \2 ]/' \
        -e 's/FILE\.\.\./text/g' "$1"
}

check_shell() {
    local block=$work/blocks/$1.block
    bash -n "$block" || return 1
    check_names "$block" || return 1
    script_of "$block" >"$work/blocks/$1.sh"
    (
        cd "$work/run" || exit 1
        PKG_CONFIG_PATH=$(dirname "$(find "$PREFIX" -name ompgroup.pc)")
        export PKG_CONFIG_PATH PATH="$work/bin:$PROGRAMS:$PATH"
        timeout -s KILL 100 bash "$work/blocks/$1.sh" >"$work/run.out" 2>&1 </dev/null
    )
    status=$?
    [ $status -eq 0 ] || {
        tail -n 20 "$work/run.out"
        echo "ends with status $status"
        return 1
    }
}

# check_output <number>: of the shell block before it.
check_output() {
    diff <(sed -E 's/[0-9]+/0/g' "$work/blocks/$1.block") <(sed -E 's/[0-9]+/0/g' "$work/run.out")
}

check_skipped() {
    local block=$work/blocks/$1.block
    [ "$3" != sh ] || { bash -n "$block" && check_names "$block"; }
}

# lacks <number>: says which tool a block needs that is not there.
lacks() {
    if grep -q pkg-config "$work/blocks/$1.block" && ! command -v pkg-config >/dev/null; then
        echo pkg-config
    elif grep -q '^pgzip' "$work/blocks/$1.block" && [ ! -x "$PROGRAMS/pgzip" ]; then
        echo 'zlib, and so pgzip,'
    else
        return 1
    fi
}

check() {
    case $4:$3 in
    skip:*) check_skipped "$@" ;;
    *:c | *:cpp) check_program "$@" ;;
    *:cmake) check_cmake "$@" ;;
    *:sh) check_shell "$@" ;;
    *:output) check_output "$@" ;;
    *:text) ;;
    *) echo "no such language: $3" && return 1 ;;
    esac
}

# check_links: files that the document leads to exist, and so do the headings in them.
check_links() {
    local link target
    while read -r link; do
        target=$root/$(dirname "$document")/${link%%#*}
        [ -n "${link%%#*}" ] || target=$root/$document
        [ -e "$target" ] || { echo "$link: no such file" && continue; }
        [[ $link != *#* ]] || sed -nE 's/^#+ (.*)/\1/p' "$target" | tr '[:upper:] ' '[:lower:]-' |
            tr -cd 'a-z0-9_\n-' | grep -qxF -e "${link#*#}" || echo "$link: no such heading"
    done <"$work/links"
}

failures=0 count=0 skipped=0 good=() missing=
awk -v work="$work/blocks" -v header="$([[ $base == *.h ]] && echo 1)" \
    -f "$here/documents/blocks.awk" "$root/$document" >"$work/list"
while read -r number line language directive; do
    [ "$language" != text ] || continue
    count=$((count + 1))
    [[ $directive != skip:* ]] || skipped=$((skipped + 1))
    if tool=$(lacks "$number"); then
        missing=$tool
        break # what follows may be what it prints
    fi
    if check "$number" "$line" "$language" "$directive" >"$work/log" 2>&1; then
        good+=("$line")
    else
        failures=$((failures + 1))
        echo "$document:$line: $language block:"
        sed 's/^/    /' "$work/log"
    fi
done <"$work/list"
grep -oE '\]\([^)]+\)' "$root/$document" | tr -d ']()' | grep -v '://' >"$work/links"
check_links | tee "$work/log"
links=$(wc -l <"$work/links") failures=$((failures + $(wc -l <"$work/log")))
echo "$document: $count blocks, $skipped of them not run; $links links; $failures wrong"
if $control; then
    [ ${#good[@]} -eq 0 ] || echo "not found wrong: the blocks at lines ${good[*]}"
    [ $count -gt 0 ] && [ $failures -eq $((count + links)) ]
else
    [ $failures -eq 0 ] || exit 1
    [ -z "$missing" ] || { echo "skipped from line $line on: $missing is missing" && exit 77; }
fi
