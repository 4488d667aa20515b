#!/usr/bin/env bash
# Builds example programs as build/demo/examples/<program>, and installs first what that needs:
# less than the preset `release`, whose tests need CUnit.
#
#     scripts/build-examples.sh PROGRAM...
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

scripts/setup.sh build
cmake --preset release -B build/demo -DOMPGROUP_BUILD_TESTS=OFF -DOMPGROUP_BUILD_BENCH=OFF
cmake --build build/demo --target "$@"
