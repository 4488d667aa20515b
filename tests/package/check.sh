#!/usr/bin/env bash
# One check of the installed package; tests/package/CMakeLists.txt names the steps and sets the
# environment: CMAKE, GENERATOR, CC, CXX, SHARED (0 or 1), INTERFACE (its version), BUILD, WORK.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
prefix=$WORK/moved
step=$1

# A user's project: configured with the given options, built, its programs run.
consume() {
    rm -rf "${WORK:?}/$step"
    "$CMAKE" -S "$here/consumer" -B "$WORK/$step" -G "$GENERATOR" "$@"
    "$CMAKE" --build "$WORK/$step"
    for program in "$WORK/$step"/consumer_*; do
        "$program"
    done
}

case $step in
install) # into one place, then moved: nothing installed may know where it was put
    rm -rf "$WORK/prefix" "$prefix"
    "$CMAKE" --install "$BUILD" --prefix "$WORK/prefix"
    mv "$WORK/prefix" "$prefix"
    ;;
find_package)
    consume -DCMAKE_PREFIX_PATH="$prefix" -DLANGUAGES=C
    [ -z "$CXX" ] || consume -DCMAKE_PREFIX_PATH="$prefix" -DLANGUAGES=CXX
    ;;
pkg_config)
    command -v pkg-config >/dev/null || { echo "pkg-config is missing" && exit 77; }
    PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name ompgroup.pc)")
    export PKG_CONFIG_PATH
    linkage=()
    [ "$SHARED" = 1 ] || linkage=(--static)
    read -ra flags < <(pkg-config --cflags --libs "${linkage[@]}" ompgroup)
    libdir=$(pkg-config --variable=libdir ompgroup)
    "$CC" -std=c11 "$here/consumer/consumer.c" -o "$WORK/pkg_config" "${flags[@]}" \
        "-Wl,-rpath,$libdir"
    "$WORK/pkg_config"
    ;;
subdirectory)
    consume -DOMPGROUP_SOURCE="$here/../.." -DBUILD_SHARED_LIBS="$SHARED" -DLANGUAGES=C
    ;;
symbols) # whatever a program can see of the library begins with ompg_, and says which interface it is of
    version=
    if [ "$SHARED" = 1 ]; then
        version=@@OMPGROUP_$INTERFACE
        library=$(find "$prefix" -name libompgroup.so)
        symbols=(nm -D --defined-only "$library")
        [ "$(basename "$(readlink "$library")")" = "libompgroup.so.$INTERFACE" ]
        readelf -d "$library" | grep -qF "soname: [libompgroup.so.$INTERFACE]"
    else
        library=$(find "$prefix" -name libompgroup.a)
        symbols=(nm -g --defined-only "$library")
    fi
    exported=$("${symbols[@]}" | awk 'NF == 3 && $2 != "A" { print $3 }') # A: a version itself
    grep -q "^ompg_wait$version\$" <<<"$exported"
    if grep -vE "^ompg_[a-z_]+$version\$" <<<"$exported"; then
        exit 1
    fi
    ;;
*)
    echo "unknown step: $step" >&2
    exit 2
    ;;
esac
