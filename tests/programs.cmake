# Every test program, by the concept that it tests.
#
# SPDX-License-Identifier: Apache-2.0
file(GLOB test_stems CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" test_*.c)
list(TRANSFORM test_stems REPLACE "[.]c$" "")
list(REMOVE_ITEM test_stems test_crc32 test_faults test_wait_policy)
foreach(stem IN LISTS test_stems)
    ompgroup_test(${stem})
endforeach()
ompgroup_test(test_crc32 SOURCES ../examples/crc32.c)
ompgroup_test(test_faults
    WRAP malloc calloc realloc aligned_alloc posix_memalign free)

# It sets OpenMP's environment itself.
ompgroup_test_program(test_wait_policy)
add_test(NAME test_wait_policy COMMAND test_wait_policy)
set_tests_properties(test_wait_policy PROPERTIES PROCESSORS 2 TIMEOUT ${OMPGROUP_TEST_TIMEOUT})

include(tsan.cmake)
