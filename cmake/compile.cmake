# How the project's own sources are compiled.
#
# SPDX-License-Identifier: Apache-2.0

# ompgroup_warnings(<target>): the warnings that every target is built with.
function(ompgroup_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wundef -Wvla -Wformat=2 -Wcast-align -Wwrite-strings
        # In a unity build a local variable may have the name of another file's static one.
        "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>"
        "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes;-Wold-style-definition>"
        "$<$<BOOL:${OMPGROUP_WERROR}>:-Werror>")
    # Clang 19 says of -Ofast that it is old; whoever sets it knows.
    if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_GREATER_EQUAL 19)
        target_compile_options(${target} PRIVATE -Wno-deprecated-ofast)
    endif()
endfunction()

# ompgroup_compile(<target>): C11 without extensions of the language. What a source needs beyond the
# functions of C11 it says itself, by a feature-test macro before its first #include.
function(ompgroup_compile target)
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
    ompgroup_warnings(${target})
endfunction()
