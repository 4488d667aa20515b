# Public headers and documentation examples, compiled as a user would compile them.
#
# SPDX-License-Identifier: Apache-2.0
include(CheckLanguage)

# Every public header compiles alone, as C11 and as C++17.
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
endif()
file(GLOB public_headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
    "${PROJECT_SOURCE_DIR}/include/*.h" "${PROJECT_SOURCE_DIR}/include/ompgroup/*.h")
set(header_sources)
foreach(header IN LISTS public_headers)
    string(MAKE_C_IDENTIFIER "${header}" stem)
    foreach(extension IN ITEMS c cpp)
        if(extension STREQUAL "c" OR CMAKE_CXX_COMPILER)
            set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${stem}.${extension}")
            file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${header}>\n")
            list(APPEND header_sources "${source}")
        endif()
    endforeach()
endforeach()
add_library(public_headers OBJECT ${header_sources})
target_link_libraries(public_headers PRIVATE ompgroup::ompgroup)
set_target_properties(public_headers PROPERTIES
    C_STANDARD 11 C_EXTENSIONS OFF CXX_STANDARD 17 CXX_EXTENSIONS OFF)
ompgroup_warnings(public_headers)

# The README's first C block is a whole program that says which of its arguments cannot be opened.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/README.md")
file(READ "${PROJECT_SOURCE_DIR}/README.md" readme)
string(FIND "${readme}" "```c\n" start)
math(EXPR start "${start} + 5")
string(SUBSTRING "${readme}" ${start} -1 readme)
string(FIND "${readme}" "```" length)
string(SUBSTRING "${readme}" 0 ${length} readme)
file(CONFIGURE OUTPUT readme_example.c CONTENT "${readme}" @ONLY)
add_executable(readme_example "${CMAKE_CURRENT_BINARY_DIR}/readme_example.c")
add_test(NAME readme_example.good COMMAND readme_example "${PROJECT_SOURCE_DIR}/README.md")
add_test(NAME readme_example.bad COMMAND readme_example "${PROJECT_SOURCE_DIR}/README.md" /missing)
set_tests_properties(readme_example.bad PROPERTIES PASS_REGULAR_EXPRESSION
    "[(]No such file or directory[)]: cannot open /missing")

add_executable(contract_example contract_example.c)
add_test(NAME contract_example COMMAND contract_example)

foreach(program IN ITEMS readme_example contract_example)
    target_link_libraries(${program} PRIVATE ompgroup::ompgroup)
    set_target_properties(${program} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
    ompgroup_warnings(${program})
endforeach()
set_tests_properties(readme_example.good readme_example.bad contract_example PROPERTIES
    TIMEOUT ${OMPGROUP_TEST_TIMEOUT})

# docs/memory-model.md names each order of the source.
add_test(NAME memory_model COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/models/operations.sh")
