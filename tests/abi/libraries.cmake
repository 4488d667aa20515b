# Shared libraries for the tests of the binary interface, with one name and SONAME, in two folders: today's,
# and one that stands for the oldest: the same engine, but its functions are those of the oldest headers
# (tests/abi/oldest), and what came later in the structs is unknown to it (tests/abi/old_contract).
#
# SPDX-License-Identifier: Apache-2.0
if(NOT OMPGROUP_HAVE_SYMBOL_VERSIONS OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR BUILD_SHARED_LIBS
        OR OMPGROUP_DELAYS OR CMAKE_C_FLAGS MATCHES "-fsanitize=" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    return()
endif()
set(ompgroup_abi "${PROJECT_SOURCE_DIR}/tests/abi")

foreach(age IN ITEMS newest oldest)
    ompgroup_library(ompgroup_${age}_for_tests SHARED EXCLUDE_FROM_ALL)
    set_target_properties(ompgroup_${age}_for_tests PROPERTIES
        OUTPUT_NAME ompgroup
        LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/abi/${age}")
endforeach()
target_compile_options(ompgroup_newest_for_tests PRIVATE -g) # abidw reads it
ompgroup_show_interface(ompgroup_newest_for_tests "${ompgroup_map}")

target_include_directories(ompgroup_oldest_for_tests BEFORE PRIVATE "${ompgroup_abi}/old_contract")
file(GLOB headers "${ompgroup_abi}/oldest/ompgroup/*.h")
set(names)
foreach(header IN LISTS headers)
    file(STRINGS "${header}" functions REGEX "OMPG_API .*ompg_[a-z_]+\\(")
    foreach(function IN LISTS functions)
        string(REGEX MATCH "ompg_[a-z_]+\\(" name "${function}")
        string(REPLACE "(" ";" name "${name}")
        string(APPEND names "${name} ")
    endforeach()
endforeach()
set(oldest_map "${CMAKE_CURRENT_BINARY_DIR}/oldest.map")
file(CONFIGURE OUTPUT "${oldest_map}" CONTENT
    "OMPGROUP_${ompgroup_interface} { global: ${names}local: *; };\n" @ONLY)
ompgroup_show_interface(ompgroup_oldest_for_tests "${oldest_map}")
