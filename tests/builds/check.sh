#!/usr/bin/env bash
# One way to build the library; tests/builds/CMakeLists.txt names the ways and sets the environment:
# CMAKE, GENERATOR, CC, OPENMP (its flags), NM, WORK.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
kind=$1
work=${WORK:?}/$kind
library=$work/src/libompgroup.a
read -ra openmp <<<"${OPENMP:?}"

# build <target> <option of cmake>...: warnings are errors.
build() {
    local target=$1
    shift
    rm -rf "$work"
    "$CMAKE" -S "$root" -B "$work" -G "$GENERATOR" -DCMAKE_C_COMPILER="$CC" \
        -DOMPGROUP_BUILD_EXAMPLES=OFF -DOMPGROUP_BUILD_BENCH=OFF -DOMPGROUP_INSTALL=OFF "$@"
    "$CMAKE" --build "$work" --target "$target"
}

# What a program can see of the static library begins with ompg_, and it links with and without
# link-time optimisation.
check_library() {
    local names flag
    names=$("$NM" -g --defined-only "$library" | awk 'NF == 3 { print $3 }')
    grep -q '^ompg_wait$' <<<"$names"
    if grep -v '^ompg_' <<<"$names"; then
        exit 1
    fi
    for flag in -fno-lto -flto; do
        "$CC" -O2 "$flag" -I"$root/include" "$here/clash.c" "$library" "${openmp[@]}" -o "$work/clash"
        OMP_NUM_THREADS=2 "$work/clash"
    done
}

case $kind in
c11) # no feature-test macro on the command line, nor GCC's for threads: each source says what it needs
    for source in "$root"/{src/*,examples,bench,bench/openmp}/*.c; do
        "$CC" -std=c11 -Werror=implicit-function-declaration -fsyntax-only -DOMPGROUP_DELAYS \
            "${openmp[@]}" -U_REENTRANT -I"$root"/{include,src,bench} "$source"
    done
    ;;
lto)
    build ompgroup -DOMPGROUP_BUILD_TESTS=OFF -DCMAKE_C_FLAGS=-flto
    check_library
    ;;
fast_math) # what is NaN or infinite is still seen
    build test_misuse -DCMAKE_C_FLAGS_RELEASE="-Ofast -DNDEBUG"
    check_library
    "$work/tests/test_misuse" sense
    "$work/tests/test_misuse" odd
    ;;
none)
    build ompgroup -DOMPGROUP_BUILD_TESTS=OFF -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O2
    check_library
    if "$NM" -u "$library" | grep assert; then
        exit 1
    fi
    ;;
unity) # as one source
    build ompgroup -DOMPGROUP_BUILD_TESTS=OFF -DCMAKE_UNITY_BUILD=ON \
        -DCMAKE_UNITY_BUILD_BATCH_SIZE=0
    check_library
    ;;
*)
    echo "unknown: $kind" >&2
    exit 2
    ;;
esac
