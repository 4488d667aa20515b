# The example programs, run as a user runs them; most of the time is the shell's.
#
# SPDX-License-Identifier: Apache-2.0
foreach(name IN ITEMS checksum heat pgzip pi wordfreq)
    if(TARGET ${name})
        add_test(NAME ${name}
            COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh" "$<TARGET_FILE:${name}>")
        set_tests_properties(${name} PROPERTIES TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
    endif()
endforeach()
