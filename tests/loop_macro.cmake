# OMPG_FOR as users compile it: in C with and without -fopenmp, in C++17, and so that it vectorises.
#
# SPDX-License-Identifier: Apache-2.0
include(CheckLanguage)

# The same source without -fopenmp: only the library has it.
set(serial_source "${CMAKE_CURRENT_BINARY_DIR}/test_loop_macro_serial.c")
file(CONFIGURE OUTPUT "${serial_source}" @ONLY CONTENT [[
#if defined(_OPENMP)
#error "this must be compiled without OpenMP"
#endif
#include "@CMAKE_CURRENT_SOURCE_DIR@/test_loop_macro.c"
]])
set_source_files_properties("${serial_source}" PROPERTIES
    COMPILE_OPTIONS "-fno-openmp;-Wno-unknown-pragmas")
add_executable(test_loop_macro_serial "${serial_source}")
target_include_directories(test_loop_macro_serial SYSTEM PRIVATE ${CUNIT_INCLUDE_DIR})
target_link_libraries(test_loop_macro_serial PRIVATE ompgroup::ompgroup ${CUNIT_LIBRARY})
ompgroup_compile(test_loop_macro_serial)
# test_loop_macro has been looked at; an #include of a .c file is what this is about.
set_target_properties(test_loop_macro_serial PROPERTIES C_CLANG_TIDY "")
ompgroup_cases(test_loop_macro_serial "" 1 7)

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
