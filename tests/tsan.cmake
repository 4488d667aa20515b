# ThreadSanitizer for callers: a correct program is clean and wrong ones are reported, also with a
# library that was not built for it.
#
# SPDX-License-Identifier: Apache-2.0
if(CMAKE_C_FLAGS MATCHES "-fsanitize=" AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize=thread")
    return()
endif()

include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -fsanitize=thread)
check_c_source_compiles("int main(void) { return 0; }" OMPGROUP_HAVE_TSAN)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT OMPGROUP_HAVE_TSAN)
    return()
endif()

foreach(program IN ITEMS tsan_clean tsan_racy)
    add_executable(${program} ${program}.c)
    target_compile_options(${program} PRIVATE -fsanitize=thread -g)
    target_link_options(${program} PRIVATE -fsanitize=thread)
    target_link_libraries(${program} PRIVATE ompgroup::ompgroup)
    ompgroup_compile(${program})
endforeach()

set(tsan_environment "TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66:atexit_sleep_ms=0")
ompgroup_cases(tsan_clean "${tsan_environment}" 2 7)

# The controls: a report of the variable that they race for, whatever the exit status.
foreach(kind IN ITEMS tasks nested drop loop fold stage)
    add_test(NAME tsan_racy.${kind} COMMAND tsan_racy ${kind})
    set_tests_properties(tsan_racy.${kind} PROPERTIES
        ENVIRONMENT "OMP_NUM_THREADS=2;${tsan_environment};${ompgroup_tool}"
        PASS_REGULAR_EXPRESSION "data race.*Location is global 'plain'"
        TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endforeach()

if(ompgroup_tool)
    # What the preset tsan-clang builds; its filter in CMakePresets.json names the same.
    add_custom_target(tests_of_preset DEPENDS test_crowds test_deque_threads test_gate test_loop_units
        test_nesting test_stress tsan_clean tsan_racy)
    add_test(NAME tsan_archer COMMAND tsan_racy tasks)
    set_tests_properties(tsan_archer PROPERTIES
        ENVIRONMENT "OMP_NUM_THREADS=2;${tsan_environment};${ompgroup_tool};ARCHER_OPTIONS=verbose=1"
        PASS_REGULAR_EXPRESSION "Archer detected"
        TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endif()
