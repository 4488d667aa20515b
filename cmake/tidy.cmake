# Runs clang-tidy (settings: .clang-tidy) beside the compiler, so that only what changed is checked.
# The compiler must be Clang of the same version, whose omp.h it can read: the preset lint says so.
#
# SPDX-License-Identifier: Apache-2.0
find_program(CLANG_TIDY clang-tidy-19 REQUIRED)
set(CMAKE_C_CLANG_TIDY "${CLANG_TIDY}" --quiet)
