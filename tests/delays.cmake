# The stress tests with delays at random moments (src/base/delays.h): more threads than processors, with and
# without membarrier (`bare`). For the ordinary run one seed, and with each number of threads one of the two in turn;
# label `full` has the others.
#
# What was planted and showed in the first runs, within seconds, where the release build ran the same
# tests for 40 s in vain: a tally that hands over `returned` before `submitted`, or after its tasks are
# shared; tasks that are pried and not marked; a reader that looks at what is over last; `active` lowered
# after the last look; an owner that does not look at the border again once it has lowered top. With both
# builds: a thief that pries and never retreats.
#
# SPDX-License-Identifier: Apache-2.0
if(NOT OMPGROUP_DELAYS)
    return()
endif()

# ompgroup_delayed_case(<program> <word or nothing> <seed> <threads> <with or bare> <label or nothing>)
function(ompgroup_delayed_case program word seed threads membarrier label)
    set(variables OMP_NUM_THREADS=${threads} OMP_WAIT_POLICY=passive OMPGROUP_DELAY_SEED=${seed})
    set(name ${program}.t${threads})
    if(membarrier STREQUAL "bare")
        string(APPEND name .bare)
        list(APPEND variables OMPGROUP_NO_MEMBARRIER=1)
    endif()
    if(seed GREATER 1)
        set(label full)
    endif()
    add_test(NAME ${name}.seed${seed} COMMAND ${program} ${word})
    set_tests_properties(${name}.seed${seed} PROPERTIES
        ENVIRONMENT "${variables}" LABELS "${label}" TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endfunction()

# ompgroup_delayed_cases(<program> <word or nothing> <seed> <threads>...)
function(ompgroup_delayed_cases program word seed)
    set(labels "" full)
    foreach(threads IN LISTS ARGN)
        list(GET labels 0 with)
        list(GET labels 1 bare)
        ompgroup_delayed_case(${program} "${word}" ${seed} ${threads} with "${with}")
        ompgroup_delayed_case(${program} "${word}" ${seed} ${threads} bare "${bare}")
        list(REVERSE labels)
    endforeach()
endfunction()

set(ompgroup_delayed test_cancel test_contexts test_copies test_crowds test_hold test_join test_limit test_links
    test_local test_mailbox test_nesting test_pipeline_stop test_reduce_stop test_scan test_share test_stress test_team)
# These choose their threads themselves.
set(ompgroup_delayed_white test_blocks test_deque_threads test_gate test_loop_units test_own_mailbox)
add_custom_target(tests_of_preset # what the preset builds
    DEPENDS ${ompgroup_delayed} ${ompgroup_delayed_white} test_backlog test_progress test_stats)

foreach(seed RANGE 1 10)
    foreach(program IN LISTS ompgroup_delayed)
        ompgroup_delayed_cases(${program} "" ${seed} 2 3 7 16)
    endforeach()
    foreach(program IN LISTS ompgroup_delayed_white)
        ompgroup_delayed_case(${program} "" ${seed} 2 with "")
        ompgroup_delayed_case(${program} "" ${seed} 2 bare "")
    endforeach()
    ompgroup_delayed_cases(test_progress work ${seed} 2)
    ompgroup_delayed_cases(test_stats "tasks run" ${seed} 3)
    ompgroup_delayed_cases(test_backlog "" ${seed} 3)
endforeach()
