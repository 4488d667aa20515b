#!/bin/sh
# docs/memory-model.md names each atomic operation of the source that is stronger than relaxed, by file, function
# and number, and says of each file with relaxed ones why nothing more is needed. Prints what differs.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../.."
page=docs/memory-model.md
there=$(mktemp) listed=$(mktemp)
trap 'rm -f "$there" "$listed"' EXIT

operations() {
    awk -f tests/models/operations.awk src/*/*.[ch] | sed "s|^src/[a-z]*/||"
}

{
    operations | grep -v relaxed | sort | uniq -c | awk '{ print $2, $3, $4, $1 }'
    operations | awk '/relaxed/ { print $1, "relaxed" }'
} | sort -u >"$there"

# Rows: | file | `function` | `operation` ×2 | ... and | file | ...
sed -nE -e 's/^\| ([a-z_]+\.[ch]) \| `([a-z_]+)` \| `([a-z_]+)` \|.*/\1 \2 \3 1/p' \
    -e 's/^\| ([a-z_]+\.[ch]) \| `([a-z_]+)` \| `([a-z_]+)` ×([0-9]+) \|.*/\1 \2 \3 \4/p' \
    -e 's/^\| ([a-z_]+\.[ch]) \| [^`|][^|]* \|$/\1 relaxed/p' \
    -e 's/^\| ([a-z_]+\.[ch]) \| `[a-z_]+`[^|`]*[^|]* \|$/\1 relaxed/p' "$page" | sort >"$listed"

diff "$listed" "$there" >/dev/null && exit 0
echo "$page and the source differ (<: only on the page, >: only in the source):"
diff "$listed" "$there" | grep '^[<>]'
exit 1
