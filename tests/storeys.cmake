# The storeys of src/, and that the check sees it where they are built the other way round.
#
# SPDX-License-Identifier: Apache-2.0
set(ompgroup_storeys "${CMAKE_CURRENT_SOURCE_DIR}/storeys.sh" "${PROJECT_SOURCE_DIR}/src"
    "$<TARGET_OBJECTS:ompgroup>")
add_test(NAME storeys COMMAND ${ompgroup_storeys} COMMAND_EXPAND_LISTS)
add_test(NAME storeys.upside_down COMMAND ${ompgroup_storeys} --storeys
    "parallel api engine group store base" COMMAND_EXPAND_LISTS)
set_tests_properties(storeys storeys.upside_down PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(storeys.upside_down PROPERTIES PASS_REGULAR_EXPRESSION
    "api/group_wait uses engine/region, which stands above it: region_wait_nested")

# Which file a header's functions stand in, and that the check sees one that stands elsewhere.
set(ompgroup_stems "${CMAKE_CURRENT_SOURCE_DIR}/stems.sh" "${PROJECT_SOURCE_DIR}" "$<TARGET_OBJECTS:ompgroup>")
add_test(NAME stems COMMAND ${ompgroup_stems} COMMAND_EXPAND_LISTS)
add_test(NAME stems.stray COMMAND ${ompgroup_stems} --headers "${CMAKE_CURRENT_SOURCE_DIR}/stems"
    COMMAND_EXPAND_LISTS)
set_tests_properties(stems stems.stray PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(stems.stray PROPERTIES PASS_REGULAR_EXPRESSION "queue_pop of stray.h stands in queue.c")
