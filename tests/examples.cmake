# The example programs, run as a user runs them.
#
# SPDX-License-Identifier: Apache-2.0
if(TARGET checksum)
    add_test(NAME checksum
        COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/checksum.sh" "$<TARGET_FILE:checksum>")
    set_tests_properties(checksum PROPERTIES PROCESSORS 2 TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endif()
