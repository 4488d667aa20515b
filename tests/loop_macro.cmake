# OMPG_FOR and its like as users compile them: in C with and without -fopenmp, with and without
# optimisation, in C++17, and so that they vectorise.
#
# SPDX-License-Identifier: Apache-2.0
include(CheckLanguage)

# ompgroup_loop_variant(<stem> <variant> <options> <guard>): tests/<stem>.c once more, as program
# <stem>_<variant>, for 1 and 7 threads.
function(ompgroup_loop_variant stem variant options guard)
    set(program ${stem}_${variant})
    set(source "${CMAKE_CURRENT_BINARY_DIR}/${program}.c")
    file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
#if @guard@
#error "compiled otherwise than it should be"
#endif
#include "@CMAKE_CURRENT_SOURCE_DIR@/@stem@.c"
]])
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "${options}")
    add_executable(${program} "${source}" ${ompgroup_order_sources})
    target_link_options(${program} PRIVATE ${ompgroup_order_options})
    target_include_directories(${program} SYSTEM PRIVATE ${CUNIT_INCLUDE_DIR})
    target_link_libraries(${program} PRIVATE ompgroup::ompgroup ${CUNIT_LIBRARY})
    ompgroup_compile(${program})
    # The source has been looked at; an #include of a .c file is what this is about.
    set_target_properties(${program} PROPERTIES C_CLANG_TIDY "")
    ompgroup_cases(${program} "" 1 7)
endfunction()

foreach(stem IN LISTS ompgroup_loop_stems)
    ompgroup_loop_variant(${stem} serial "-fno-openmp;-Wno-unknown-pragmas" "defined(_OPENMP)")
    ompgroup_loop_variant(${stem} unoptimised -O0 "defined(__OPTIMIZE__)")
endforeach()

# One process has one OpenMP runtime: the C++ compiler must be of the C compiler's kind.
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
    find_package(OpenMP COMPONENTS CXX)
endif()
if(OpenMP_CXX_FOUND AND CMAKE_CXX_COMPILER_ID STREQUAL CMAKE_C_COMPILER_ID)
    add_executable(test_loop_macro_cpp test_loop_macro_cpp.cpp)
    set_target_properties(test_loop_macro_cpp PROPERTIES CXX_STANDARD 17 CXX_EXTENSIONS OFF)
    target_link_libraries(test_loop_macro_cpp PRIVATE ompgroup::ompgroup OpenMP::OpenMP_CXX)
    ompgroup_warnings(test_loop_macro_cpp)
    if(CMAKE_C_FLAGS MATCHES "-fsanitize=")
        separate_arguments(sanitizers NATIVE_COMMAND "${CMAKE_C_FLAGS}")
        target_compile_options(test_loop_macro_cpp PRIVATE ${sanitizers})
        target_link_options(test_loop_macro_cpp PRIVATE ${sanitizers})
    endif()
    # The outlined bodies share their function's variables, in an order that ThreadSanitizer misses.
    if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize=thread")
        ompgroup_cases(test_loop_macro_cpp "" 1 2 7)
    endif()
endif()

add_test(NAME loop_vectorises COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/loop_vectorises.sh"
    "${CMAKE_SYSTEM_PROCESSOR}" "${PROJECT_SOURCE_DIR}/include"
    "${CMAKE_C_COMPILER}" ${CMAKE_C_FLAGS} ${OpenMP_C_FLAGS})
set_tests_properties(loop_vectorises PROPERTIES
    SKIP_RETURN_CODE 77
    TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
