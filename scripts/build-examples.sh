#!/usr/bin/env bash
# Builds example programs, and installs first what that needs: less than the tests do. Prints the folder
# of the programs, all else to standard error.
#
#     scripts/build-examples.sh PROGRAM...
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$(readlink -f "$0")")/tools.sh"

{
    scripts/setup.sh build
    look_for_tools # it may have brought some
    configure release demo -DOMPGROUP_BUILD_TESTS=OFF -DOMPGROUP_BUILD_BENCH=OFF
    compile demo --target "$@"
} >&2
echo "$BUILD_DIR/demo/examples"
