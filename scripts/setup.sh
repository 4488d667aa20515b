#!/usr/bin/env bash
# Brings the tools that are missing: `setup.sh build` those that the library and its examples need,
# `setup.sh test` those of all tests as well, `setup.sh bench` those of the benchmarks and their peers,
# `setup.sh arch` the cross compilers of scripts/test-arch.sh.
#
# What is there counts, wherever it came from. What is missing is installed where there is apt-get and
# root, or sudo that asks no password; elsewhere it is named. Fails only where a compiler with OpenMP,
# CMake, or both Ninja and make are missing (`arch`: anything). Silent when nothing is missing.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

needed=(gcc cmake ninja-build)
wanted=() # what uses them says that it is left out
case ${*:-build} in
build) ;;
test)
    wanted+=(ninja libcunit1-dev zlib1g-dev g++ pkg-config valgrind locales
        clang-19 libomp-19-dev clang-format-19 clang-tidy-19 llvm-19 relacy-dev abigail-tools)
    ;;
bench)
    wanted+=(ninja pigz zlib1g-dev g++ clang-19 libomp-19-dev python3 gnuplot-nox libtbb-dev golang-go
        golang-golang-x-sync-dev cargo librust-rayon-dev libhts-dev libpthreadpool-dev)
    ;;
arch)
    needed+=(qemu-user gcc-{aarch64,i686,powerpc64le,riscv64,s390x}-linux-gnu gcc-arm-linux-gnueabihf
        libc6-dev-{arm64,armhf,i386,ppc64el,riscv64,s390x}-cross)
    ;;
*)
    echo 'Usage: scripts/setup.sh [build|test|bench|arch]' >&2
    exit 2
    ;;
esac
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$(readlink -f "$0")")/tools.sh"

# includes <compiler> <header> [<flag>...]
includes() {
    local compiler=$1 header=$2
    shift 2
    echo "#include <$header>" | "$compiler" "$@" -E - -o /dev/null
} >/dev/null 2>&1

# is_there <package of Debian>: what it would bring is there.
is_there() {
    case $1 in
    gcc) [ -n "$compiler" ] ;;
    ninja-build) have ninja || have make ;;
    g++) have c++ || have g++ || have clang++ ;;
    zlib1g-dev) includes "${compiler:-cc}" zlib.h ;;
    libcunit1-dev) includes "${compiler:-cc}" CUnit/Basic.h ;;
    relacy-dev) includes c++ relacy/relacy.hpp -x c++ ;;
    locales) have localedef && [ -e /usr/share/i18n/charmaps/ANSI_X3.4-1968.gz ] ;;
    libomp-19-dev) works_with clang-19 -fopenmp -include omp.h ;;
    llvm-19) have llvm-symbolizer-19 || have llvm-symbolizer ;;
    abigail-tools) have abidiff && have abidw ;;
    golang-go) have go ;;
    qemu-user) have qemu-aarch64 ;;
    gnuplot-nox) have gnuplot ;;
    cargo | clang-* | cmake | ninja | pigz | pkg-config | python3 | valgrind) have "$1" ;;
    *) [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) == installed* ]] ;;
    esac
}

# look: what is missing now.
look() {
    local package
    missing=() absent=()
    for package in "${needed[@]}"; do
        is_there "$package" || missing+=("$package")
    done
    for package in "${wanted[@]}"; do
        is_there "$package" || absent+=("${package/#ninja/ninja-build}")
    done
}
look
[ $((${#missing[@]} + ${#absent[@]})) -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 "$@" \
        >>"$log" 2>&1
}
install() {
    apt_get install --no-install-recommends -y "$@"
}

if have apt-get && "${as_root[@]}" true 2>/dev/null; then
    echo "Installing: ${missing[*]} ${absent[*]}" >&2
    # An update that fails in part may still leave a list with the packages in it. What is only wanted may
    # not exist in this release.
    apt_get update || true
    if ! install libc6-dev "${missing[@]}" "${absent[@]}"; then
        for package in "${missing[@]}" "${absent[@]}"; do
            install "$package" || true
        done
    fi
    look_for_tools
    look
    if [ $((${#missing[@]} + ${#absent[@]})) -gt 0 ]; then
        sed -E 's#[a-z+]+://[^ ]*#(mirror)#g' "$log" | grep '^E:' | sort -u >&2 || true
    fi
fi
[ ${#absent[@]} -eq 0 ] || echo "Goes without (names as in Debian): ${absent[*]}" >&2
if [ ${#missing[@]} -gt 0 ]; then
    echo "Please install (names as in Debian): ${missing[*]}" >&2
    exit 1
fi
