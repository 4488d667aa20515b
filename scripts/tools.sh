# Where the scripts build and with what: whatever tools are there, on any distribution. Sourced by a bash
# script; it goes to the top of the sources.
#
#   BUILD_DIR   the folder of all that is built: `build` beside the sources, or where those cannot be
#               written, one of this user's own below ${TMPDIR:-/tmp}
#   CC          the C compiler, when `cc` knows no OpenMP and another one does
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
if [ -n "${BUILD_DIR:-}" ]; then
    BUILD_DIR=$(realpath -m -- "$BUILD_DIR")
fi
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." || exit

# A folder that anybody may write to must not be another user's.
if [ -z "${BUILD_DIR:-}" ]; then
    BUILD_DIR=$PWD/build
    if ! { mkdir -p build && [ -w build ]; } 2>/dev/null; then
        BUILD_DIR=${TMPDIR:-/tmp}/ompgroup-$(id -u)-$(cksum <<<"$PWD" | cut -d ' ' -f 1)
        mkdir -m 700 "$BUILD_DIR" 2>/dev/null || [ -O "$BUILD_DIR" ]
        echo "$PWD cannot be written; building in $BUILD_DIR" >&2
    fi
fi
mkdir -p "$BUILD_DIR"
export BUILD_DIR

have() {
    command -v "$1" >/dev/null
}

# works_with <compiler> [<flag>...]: a program that it makes with these flags runs.
works_with() {
    local folder status=0
    have "$1" || return 1
    folder=$(mktemp -d)
    echo 'int main(void) { return 0; }' >"$folder/program.c"
    "$@" "$folder/program.c" -o "$folder/program" && "$folder/program" || status=1
    rm -rf "$folder"
    return $status
} >/dev/null 2>&1

# openmp_compiler <compiler>...: the first that knows OpenMP, with its header and its runtime.
openmp_compiler() {
    local compiler
    for compiler; do
        if works_with "$compiler" -fopenmp -include omp.h; then
            echo "$compiler"
            return 0
        fi
    done
    return 1
}

# look_for_tools: sets `compiler`, to what CMake would take by itself or else the next one, and `generator`.
look_for_tools() {
    hash -r
    compiler=$(openmp_compiler ${CC:+"$CC"} cc gcc clang clang-19 || true)
    case $compiler in
    cc | '') ;;
    *) export CC=$compiler ;;
    esac
    generator='Unix Makefiles'
    ! have ninja || generator=Ninja
}
look_for_tools

# configure <preset> <folder below BUILD_DIR> [<option of cmake>...]
configure() {
    local preset=$1 folder=$BUILD_DIR/$2
    shift 2
    if ! grep -qsxF "CMAKE_GENERATOR:INTERNAL=$generator" "$folder/CMakeCache.txt"; then
        rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
    fi
    cmake --preset "$preset" -B "$folder" -G "$generator" "$@"
}

# compile <folder below BUILD_DIR> [<option of cmake --build>...]
compile() {
    local folder=$BUILD_DIR/$1
    shift
    cmake --build "$folder" --parallel "$(nproc)" "$@"
}

# with_presets <command...>: where the presets for building and testing, which know only `build` beside their
# file, mean BUILD_DIR.
with_presets() {
    mkdir -p "$BUILD_DIR/presets"
    ln -sfn "$PWD/CMakePresets.json" "$BUILD_DIR/presets/CMakePresets.json"
    ln -sfn .. "$BUILD_DIR/presets/build"
    (cd "$BUILD_DIR/presets" && "$@")
}
