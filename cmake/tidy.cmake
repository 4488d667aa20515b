# Runs clang-tidy (settings: .clang-tidy) beside the compiler, so that only what changed is checked.
# The compiler must be Clang of the same version, whose omp.h it can read: the preset lint says so.
#
# SPDX-License-Identifier: Apache-2.0
find_program(CLANG_TIDY clang-tidy-19 REQUIRED)
set(CMAKE_C_CLANG_TIDY "${CLANG_TIDY}" --quiet)

# The static analyzer takes fifty times as long as all other checks.
option(OMPGROUP_TIDY_FULL "Run the static analyzer on tests and benchmarks too" OFF)
set(ompgroup_tidy_lightly)
if(NOT OMPGROUP_TIDY_FULL)
    set(ompgroup_tidy_lightly --checks=-clang-analyzer-*)
endif()
