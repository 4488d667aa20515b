# Runs clang-tidy (settings: .clang-tidy) beside the compiler, so that only what changed is checked.
#
# SPDX-License-Identifier: Apache-2.0
find_program(CLANG_TIDY clang-tidy REQUIRED)
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "clang-tidy reads the headers of OpenMP that belong to Clang, not those of "
        "${CMAKE_C_COMPILER_ID}; the preset lint chooses the compiler")
endif()

# clang-tidy may be of another version than the compiler and have no omp.h: the compiler's is searched
# for last, after clang-tidy's own headers.
execute_process(COMMAND "${CMAKE_C_COMPILER}" -print-resource-dir
    OUTPUT_VARIABLE resource_dir OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CMAKE_C_CLANG_TIDY "${CLANG_TIDY}" --quiet "--extra-arg=-idirafter${resource_dir}/include")
