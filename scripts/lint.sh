#!/usr/bin/env bash
# Format (clang-format 19) and code checks (clang-tidy 19, on what changed since the last run).
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."

find include src tests examples bench -name '*.[ch]' -print0 | xargs -0 clang-format-19 --dry-run -Werror
cmake --preset lint
cmake --build --preset lint
