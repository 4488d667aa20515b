#!/usr/bin/env bash
# The demo: checksums of every file below a directory, as `cksum` prints them.
#
#     scripts/demo.sh [DIR] [option of examples/checksum.c ...]        DIR: /usr/include
#
# stdout is the program's own, and so is the exit status; building goes to stderr.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
dir=/usr/include
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
    dir=$1
    shift
fi

{
    "$root/scripts/setup.sh" build
    (cd "$root" && cmake --preset release && cmake --build --preset release --target checksum)
} >&2

exec "$root/build/release/examples/checksum" "$@" "$dir"
