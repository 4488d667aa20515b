#!/usr/bin/env bash
# The demo: checksums of every file below a directory, as `cksum` prints them.
#
#     scripts/demo.sh [OPTION]... [DIR]        DIR: /usr/include; --help tells the options
#
# Arguments, stdout and exit status are those of examples/checksum.c; building goes to stderr.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
"$root/scripts/build-examples.sh" checksum >&2
exec "$root/build/demo/examples/checksum" "$@"
