#!/usr/bin/env bash
# The demo: checksums of every file below a directory, as `cksum` prints them.
#
#     scripts/demo.sh [OPTION]... [DIR]        DIR: /usr/include; --help tells the options
#
# Arguments, stdout and exit status are those of examples/checksum.c; building goes to stderr, and into
# BUILD_DIR (scripts/tools.sh).
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

programs=$("$(dirname "$(readlink -f "$0")")/build-examples.sh" checksum)
exec "$programs/checksum" "$@"
