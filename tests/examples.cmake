# The example programs, run as a user runs them.
#
# SPDX-License-Identifier: Apache-2.0
if(TARGET checksum)
    foreach(cancel IN ITEMS 0 1)
        set(case checksum.cancel${cancel})
        add_test(NAME ${case}
            COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/checksum.sh" "$<TARGET_FILE:checksum>")
        set_tests_properties(${case} PROPERTIES
            ENVIRONMENT "OMP_CANCELLATION=${cancel}"
            PROCESSORS 2
            TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
    endforeach()
endif()
