#!/usr/bin/env bash
# must_use.sh <compiler> <language> <source> <flag>...: where the compiler warns of a result that is
# dropped, the line says `warns`, and nowhere else.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
compiler=$1 language=$2 source=$3
shift 3

expected=$(grep -n 'warns \*/$' "$source" | cut -d: -f1)
said=$(LC_ALL=C "$compiler" -x "$language" -c -o /dev/null -Wall -Wextra "$@" "$source" 2>&1)
actual=$(sed -nE 's/^[^ ]*:([0-9]+):[0-9]+: warning: .*/\1/p' <<<"$said")
diff <(echo "$expected") <(echo "$actual") || {
    echo "Lines with '<' should warn and do not, those with '>' should not:"
    echo "$said"
    exit 1
}
