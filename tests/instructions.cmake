# Instruction counts of the benchmarks. Only an optimised static build has numbers to compare with.
#
# SPDX-License-Identifier: Apache-2.0
if(NOT TARGET bench_ompgroup_loop OR BUILD_SHARED_LIBS OR OMPGROUP_DEBUG
        OR NOT CMAKE_BUILD_TYPE STREQUAL "Release")
    return()
endif()

string(REGEX MATCH "^[0-9]+" version "${CMAKE_C_COMPILER_VERSION}")
set(count_instructions "${CMAKE_CURRENT_SOURCE_DIR}/instructions.sh"
    "$<TARGET_FILE_DIR:bench_ompgroup_loop>"
    "${CMAKE_C_COMPILER_ID}-${version}-${CMAKE_SYSTEM_PROCESSOR}")

add_test(NAME instructions COMMAND ${count_instructions})
set_tests_properties(instructions PROPERTIES
    SKIP_RETURN_CODE 77
    TIMEOUT ${OMPGROUP_TEST_TIMEOUT})

add_custom_target(instructions-update COMMAND ${count_instructions} --update VERBATIM)
foreach(workload IN ITEMS flat fib fib_join pair local loop sort depth)
    add_dependencies(instructions-update bench_ompgroup_${workload})
endforeach()
