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

add_executable(contract_example contract_example.c)
target_link_libraries(contract_example PRIVATE ompgroup::ompgroup)
ompgroup_compile(contract_example)
add_test(NAME contract_example COMMAND contract_example)
set_tests_properties(contract_example PROPERTIES TIMEOUT ${OMPGROUP_TEST_TIMEOUT})

# Every code block of every page and public header, with the compiler of this build. The ways to build do
# not change what a document says: one build for each compiler.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND TARGET checksum AND OMPGROUP_INSTALL
        AND NOT BUILD_SHARED_LIBS AND NOT OMPGROUP_DELAYS)
    set(document_check
        ${CMAKE_COMMAND} -E env
        "CC=${CMAKE_C_COMPILER}" "CXX=$<$<STREQUAL:${CMAKE_CXX_COMPILER_ID},${CMAKE_C_COMPILER_ID}>:${CMAKE_CXX_COMPILER}>"
        "FLAGS=${OpenMP_C_FLAGS}" "LIBRARY=$<TARGET_FILE:ompgroup>" "PROGRAMS=$<TARGET_FILE_DIR:checksum>"
        "CMAKE=${CMAKE_COMMAND}" "GENERATOR=${CMAKE_GENERATOR}" "PREFIX=${CMAKE_CURRENT_BINARY_DIR}/package/work/moved"
        "WORK=${CMAKE_CURRENT_BINARY_DIR}/documents"
        "${CMAKE_CURRENT_SOURCE_DIR}/documents.sh")
    file(GLOB documents CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/*.md"
        "${PROJECT_SOURCE_DIR}/docs/*.md" "${PROJECT_SOURCE_DIR}/include/*.h"
        "${PROJECT_SOURCE_DIR}/include/ompgroup/*.h")
    foreach(document IN LISTS documents)
        add_test(NAME documents.${document} COMMAND ${document_check} ${document})
    endforeach()
    list(TRANSFORM documents PREPEND documents.)
    foreach(document IN ITEMS wrong.md wrong.h)
        add_test(NAME documents.${document} COMMAND ${document_check} --control tests/documents/${document})
        list(APPEND documents documents.${document})
    endforeach()
    set_tests_properties(${documents} PROPERTIES
        FIXTURES_REQUIRED package SKIP_RETURN_CODE 77 PROCESSORS 2 TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endif()

# Where a result is dropped that must not be.
set(ompgroup_must_use "${CMAKE_CURRENT_SOURCE_DIR}/must_use.sh")
set(ompgroup_must_use_flags "${CMAKE_CURRENT_SOURCE_DIR}/must_use.c"
    "-I${PROJECT_SOURCE_DIR}/include")
add_test(NAME must_use COMMAND ${ompgroup_must_use} "${CMAKE_C_COMPILER}" c
    ${ompgroup_must_use_flags} -std=c11)
if(CMAKE_CXX_COMPILER)
    add_test(NAME must_use_cpp COMMAND ${ompgroup_must_use} "${CMAKE_CXX_COMPILER}" c++
        ${ompgroup_must_use_flags} -std=c++17)
endif()

# No public function is forgotten where all of them have to stand, and the check sees one that is.
set(ompgroup_functions "${CMAKE_CURRENT_SOURCE_DIR}/functions.sh")
add_test(NAME functions COMMAND ${ompgroup_functions})
add_test(NAME functions.forgotten COMMAND ${ompgroup_functions} "${CMAKE_CURRENT_SOURCE_DIR}/functions")
string(CONCAT forgotten "test_errno.c has no ompg_forgotten.*must_use.c has no ompg_forgotten.*"
    "test_signals.c has no ompg_forgotten.*errors.md has no ompg_forgotten")
set_tests_properties(functions.forgotten PROPERTIES PASS_REGULAR_EXPRESSION "${forgotten}")

# docs/memory-model.md names each order of the source.
add_test(NAME memory_model COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/models/operations.sh")
