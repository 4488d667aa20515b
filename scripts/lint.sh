#!/usr/bin/env bash
# Format (clang-format 19), code checks (clang-tidy 19, on what changed since the last run), and that
# no test program or source of the library is left out of the build.
#
#     scripts/lint.sh [--full]
#
# Clang's static analyzer looks at the library and the examples; with --full at tests and benchmarks too.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

full=OFF
case ${*-} in
'') ;;
--full) full=ON ;;
*) echo "Usage: scripts/lint.sh [--full]" >&2 && exit 2 ;;
esac
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$(readlink -f "$0")")/tools.sh"

find include src tests examples bench -name "*.[ch]" -print0 |
    xargs -0 clang-format-19 --dry-run -Werror
for source in tests/test_*.c src/*/*.c; do
    stem=$(basename "$source" .c)
    grep -qwE "$stem([.]c)?" tests/programs.cmake src/CMakeLists.txt || {
        echo "$source is not in the build"
        exit 1
    }
done
configure lint lint -DOMPGROUP_TIDY_FULL=$full
if [ "$generator" = Ninja ]; then
    compile lint -- -k 0
else
    compile lint -- -k
fi
