# The stress tests with delays at random moments (src/delays.h): more threads than processors, with and
# without membarrier (`bare`). One seed for the ordinary run; label `full` has the others.
#
# SPDX-License-Identifier: Apache-2.0
if(NOT OMPGROUP_DELAYS)
    return()
endif()

# ompgroup_delayed_case(<program> <threads> <name> <seed> [<variable>...])
function(ompgroup_delayed_case program threads name seed)
    set(case ${program}.t${threads}${name}.seed${seed})
    set(openmp OMP_NUM_THREADS=${threads} OMP_WAIT_POLICY=passive)
    add_test(NAME ${case} COMMAND ${program})
    set_tests_properties(${case} PROPERTIES
        ENVIRONMENT "${openmp};OMPGROUP_DELAY_SEED=${seed};${ARGN}"
        TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
    if(seed GREATER 1)
        set_tests_properties(${case} PROPERTIES LABELS full)
    endif()
endfunction()

# ompgroup_delayed_cases(<program> <seed> <threads>...)
function(ompgroup_delayed_cases program seed)
    foreach(threads IN LISTS ARGN)
        ompgroup_delayed_case(${program} ${threads} "" ${seed})
        ompgroup_delayed_case(${program} ${threads} .bare ${seed} OMPGROUP_NO_MEMBARRIER=1)
    endforeach()
endfunction()

foreach(seed RANGE 1 10)
    foreach(program IN ITEMS
            test_cancel test_contexts test_crowds test_limit test_nesting test_pipeline_stop
            test_reduce_stop test_stress test_team)
        ompgroup_delayed_cases(${program} ${seed} 2 3 7 16)
    endforeach()
    foreach(program IN ITEMS test_deque_threads test_gate test_loop_units) # with threads of their own
        ompgroup_delayed_cases(${program} ${seed} 2)
    endforeach()
endforeach()
