#!/usr/bin/env bash
# Builds for other processors and runs a part of the tests there, emulated by QEMU (i386: by the
# processor itself, because in QEMU 7.2 even two parallel regions of plain OpenMP hang). Installs the cross compilers that are missing. Not a part of scripts/test.sh.
#
#     scripts/test-arch.sh [ARCH]...        aarch64 armhf i386 ppc64le riscv64 s390x; without any: all
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

# Debian's name of the compiler, and what runs its programs.
declare -A compilers=([aarch64]=aarch64-linux-gnu [armhf]=arm-linux-gnueabihf [i386]=i686-linux-gnu
    [ppc64le]=powerpc64le-linux-gnu [riscv64]=riscv64-linux-gnu [s390x]=s390x-linux-gnu)
declare -A emulators=([aarch64]=qemu-aarch64 [armhf]=qemu-arm [ppc64le]=qemu-ppc64le
    [riscv64]=qemu-riscv64 [s390x]=qemu-s390x)

tests=(test_group test_error test_cancel test_drops test_limit test_budget test_loop test_reduce
    test_pipeline test_nesting test_deterministic test_collect test_floating_point test_errno test_token
    test_text test_layout test_copies test_join test_links test_local test_scan test_sort test_share
    test_hold test_mailbox test_backlog test_token_deadline test_token_parent test_error_from
    test_error_short test_items test_pipeline_items test_shielded)

architectures=("$@")
[ $# -gt 0 ] || architectures=(aarch64 armhf i386 ppc64le riscv64 s390x)
for architecture in "${architectures[@]}"; do
    if [ -z "${compilers[$architecture]:-}" ]; then
        echo 'Usage: scripts/test-arch.sh [aarch64|armhf|i386|ppc64le|riscv64|s390x]...' >&2
        exit 2
    fi
done
scripts/setup.sh arch
mkdir -p build

# runner <architecture>: the command that runs a program of it.
runner() {
    local root=/usr/${compilers[$1]}
    case $1 in
    i386) echo "$root/lib/ld-linux.so.2;--library-path;$root/lib" ;;
    *) echo "${emulators[$1]};-L;$root" ;;
    esac
}

# build <architecture>: with CUnit's interface from tests/arch, because not every processor has a package.
build() {
    cmake -G Ninja -S . -B "build/$1" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$1" \
        -DCMAKE_C_COMPILER="${compilers[$1]}-gcc" -DCMAKE_CROSSCOMPILING_EMULATOR="$(runner "$1")" \
        -DCUNIT_INCLUDE_DIR="$PWD/tests/arch" -DCUNIT_LIBRARY:STRING=m \
        -DOMPGROUP_BUILD_BENCH=OFF -DOMPGROUP_TEST_TIMEOUT=1200
    cmake --build "build/$1" --target ompgroup "${tests[@]}"
}

failed=()
for architecture in "${architectures[@]}"; do
    echo "== $architecture"
    if ! build "$architecture" >"build/$architecture.log" 2>&1; then
        grep -E 'error:|FAILED:' "build/$architecture.log" | head -n 20
        failed+=("$architecture: build")
        continue
    fi
    ctest --test-dir "build/$architecture" --output-on-failure \
        -R "^($(IFS='|' && echo "${tests[*]}"))[.]t[12][.]cancel1$" | grep --line-buffered -v Start ||
        failed+=("$architecture: tests")
done
for name in "${failed[@]}"; do
    echo "failed: $name"
done
[ ${#failed[@]} -eq 0 ]
