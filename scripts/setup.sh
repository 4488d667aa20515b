#!/usr/bin/env bash
# Installs the Debian packages that are missing: `setup.sh build` those that the library and its
# examples need, `setup.sh test` those of all tests as well, `setup.sh bench` those of the benchmarks
# and their peers, `setup.sh arch` the cross compilers of scripts/test-arch.sh. Silent when
# nothing is missing.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

packages=(gcc libc6-dev cmake ninja-build)
optional=() # what uses them says that it is left out
case ${*:-build} in
build) ;;
test)
    packages+=(libcunit1-dev g++ pkg-config valgrind locales
        clang-19 libomp-19-dev clang-format-19 clang-tidy-19 llvm-19) # llvm-symbolizer
    optional+=(relacy-dev)
    ;;
bench)
    packages+=(g++ clang-19 libomp-19-dev python3 gnuplot-nox libtbb-dev golang-go
        golang-golang-x-sync-dev cargo librust-rayon-dev libhts-dev libpthreadpool-dev)
    ;;
arch)
    packages+=(qemu-user gcc-{aarch64,i686,powerpc64le,riscv64,s390x}-linux-gnu gcc-arm-linux-gnueabihf
        libc6-dev-{arm64,armhf,i386,ppc64el,riscv64,s390x}-cross)
    ;;
*)
    echo 'Usage: scripts/setup.sh [build|test|bench|arch]' >&2
    exit 2
    ;;
esac

is_missing() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true) != installed* ]]
}

missing=() wanted=()
for package in "${packages[@]}"; do
    ! is_missing "$package" || missing+=("$package")
done
for package in "${optional[@]}"; do
    ! is_missing "$package" || wanted+=("$package")
done
[ $((${#missing[@]} + ${#wanted[@]})) -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    [ ${#missing[@]} -gt 0 ] || exit 0
    echo "Please install these packages (names as in Debian): ${missing[*]}" >&2
    exit 1
fi

echo "Installing: ${missing[*]} ${wanted[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 "$@" \
        >>"$log" 2>&1
}
# An update that fails in part may still leave a list with the packages in it.
apt_get update || true
[ ${#wanted[@]} -eq 0 ] || apt_get install --no-install-recommends -y "${wanted[@]}" ||
    echo "Goes without: ${wanted[*]}" >&2
[ ${#missing[@]} -gt 0 ] || exit 0
if ! apt_get install --no-install-recommends -y "${missing[@]}"; then
    sed -E 's#[a-z+]+://[^ ]*#(mirror)#g' "$log" | grep '^E:' >&2 || true
    echo "Could not install: ${missing[*]}" >&2
    exit 1
fi
