# Every test program, by the concept that it tests.
#
# SPDX-License-Identifier: Apache-2.0
file(GLOB test_stems CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" test_*.c)
list(TRANSFORM test_stems REPLACE "[.]c$" "")
list(REMOVE_ITEM test_stems test_crc32)
foreach(stem IN LISTS test_stems)
    ompgroup_test(${stem})
endforeach()
ompgroup_test(test_crc32 SOURCES ../examples/crc32.c)
