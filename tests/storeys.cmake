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
    "api/wait uses engine/region, which stands above it: region_wait_nested")
