# Every test program, by the concept that it tests; scripts/lint.sh sees that none is forgotten.
#
# SPDX-License-Identifier: Apache-2.0
ompgroup_test(test_backlog)
ompgroup_test(test_budget)
ompgroup_test(test_cancel)
ompgroup_test(test_collect)
ompgroup_test(test_contexts)
ompgroup_test(test_copies)
ompgroup_test(test_crowds)
ompgroup_test(test_current)
ompgroup_test(test_deterministic)
ompgroup_test(test_drops)
ompgroup_test(test_errno)
ompgroup_test(test_error)
ompgroup_test(test_error_from)
ompgroup_test(test_error_short)
ompgroup_test(test_floating_point)
target_link_libraries(test_floating_point PRIVATE m) # fenv.h
ompgroup_test(test_group)
ompgroup_test(test_hold)
ompgroup_test(test_join)
ompgroup_test(test_join_stop)
ompgroup_test(test_layout)
ompgroup_test(test_limit)
ompgroup_test(test_links)
ompgroup_test(test_local)
ompgroup_cases(test_local OMP_WAIT_POLICY=passive 64)
ompgroup_test(test_loop)
ompgroup_test(test_loop_grain)
set(ompgroup_loop_stems test_loop_macro test_loop_macro_clauses test_loop_macro_random
    test_loop_macro_step test_loop_macro_team test_loop_macro_types)
foreach(stem IN LISTS ompgroup_loop_stems)
    ompgroup_test(${stem})
endforeach()
ompgroup_test(test_loop_random)
ompgroup_test(test_loop_stop)
ompgroup_test(test_loop_team)
ompgroup_test(test_locks)
ompgroup_test(test_mailbox)
ompgroup_test(test_misuse)
ompgroup_test(test_nesting WRAP sched_yield)
ompgroup_test(test_options)
ompgroup_test(test_order)
ompgroup_test(test_outsiders)
ompgroup_test(test_items)
ompgroup_test(test_pipeline)
ompgroup_test(test_pipeline_items)
ompgroup_test(test_pipeline_stop)
ompgroup_test(test_progress)
ompgroup_test(test_pthread_cancel)
ompgroup_test(test_record)
ompgroup_test(test_reduce)
ompgroup_test(test_reduce_combine)
ompgroup_test(test_reduce_stop)
ompgroup_test(test_shielded)
ompgroup_test(test_scan)
ompgroup_test(test_signals)
ompgroup_test(test_sort)
ompgroup_test(test_stats)
ompgroup_test(test_stress)
ompgroup_test(test_tally)
ompgroup_test(test_team)
ompgroup_test(test_token)
ompgroup_test(test_token_deadline)
ompgroup_test(test_token_parent)
ompgroup_test(test_version)
ompgroup_test(test_volume)
ompgroup_test(test_checksum WRAP read readdir64
    SOURCES ../examples/checksum_directory.c ../examples/checksum_file.c
        ../examples/checksum_tree.c ../examples/arena.c ../examples/crc32.c)
ompgroup_test(test_crc32 SOURCES ../examples/crc32.c)
ompgroup_test(test_philox)

ompgroup_white_test(test_blocks)
ompgroup_white_test(test_deque)
ompgroup_white_test(test_deque_threads)
ompgroup_white_test(test_errors)
ompgroup_white_test(test_gate)
ompgroup_white_test(test_loop_units)
ompgroup_white_test(test_own_mailbox)
ompgroup_white_test(test_queue)
ompgroup_white_test(test_task)

# Two modules, each with the static library in it; a program that had the library too would lend them
# its own. ThreadSanitizer sees of libgomp's order only what openmp_order.c wraps in a program.
if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize=thread")
    foreach(number IN ITEMS 1 2)
        add_library(plugin_${number} MODULE plugin.c)
        target_link_libraries(plugin_${number} PRIVATE ompgroup_static_for_tests)
        ompgroup_compile(plugin_${number})
    endforeach()
    foreach(stem IN ITEMS test_plugins test_unload)
        add_executable(${stem} ${stem}.c)
        target_include_directories(${stem} SYSTEM PRIVATE ${CUNIT_INCLUDE_DIR})
        target_link_libraries(${stem} PRIVATE ompgroup::openmp ${CUNIT_LIBRARY} ${CMAKE_DL_LIBS})
        ompgroup_compile(${stem})
        ompgroup_cases(${stem} "" 1 2 7)
        target_compile_definitions(${stem} PRIVATE
            PLUGIN_1="$<TARGET_FILE:plugin_1>" PLUGIN_2="$<TARGET_FILE:plugin_2>")
        add_dependencies(${stem} plugin_1 plugin_2)
    endforeach()
endif()

# glibc's localedef ends with 1, because the locale has nothing but numbers.
execute_process(OUTPUT_QUIET ERROR_QUIET COMMAND localedef -c -i
    "${CMAKE_CURRENT_SOURCE_DIR}/comma.locale" -f ANSI_X3.4-1968 "${CMAKE_CURRENT_BINARY_DIR}/comma")
ompgroup_test_program(test_text)
ompgroup_cases(test_text "LOCPATH=${CMAKE_CURRENT_BINARY_DIR}" 1 2 7)

# A sanitizer's allocator stays locked in the child when another thread of the parent allocates.
if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize=")
    ompgroup_test(test_fork)
endif()

# Thousands of processes open regions: with threads that spin they take minutes on a busy machine.
ompgroup_test_program(test_faults
    WRAP malloc calloc realloc aligned_alloc posix_memalign free)
ompgroup_cases(test_faults OMP_WAIT_POLICY=passive 1 2 7)

ompgroup_test(test_launch WRAP GOMP_task __kmpc_omp_task_alloc)
ompgroup_test_program(test_membarrier WRAP syscall)
ompgroup_cases(test_membarrier OMP_WAIT_POLICY=passive 1 2 7)
ompgroup_test_program(test_parking)
ompgroup_cases(test_parking OMP_WAIT_POLICY=passive 1 2 7)

# Many short regions too: on a busy machine two threads that spin take seconds for them.
ompgroup_test_program(test_series)
ompgroup_cases(test_series OMP_WAIT_POLICY=passive 1 2 7)

# They set OpenMP's environment themselves, for processes of their own.
set(ompgroup_own_processes test_priority test_traces test_wait_policy)
if(OMPGROUP_DEBUG OR CMAKE_BUILD_TYPE STREQUAL "Debug")
    list(APPEND ompgroup_own_processes test_assertions) # the library keeps its assertions
endif()
foreach(stem IN LISTS ompgroup_own_processes)
    ompgroup_test_program(${stem})
    target_link_libraries(${stem} PRIVATE m) # fenv.h
    add_test(NAME ${stem} COMMAND ${stem})
    set_tests_properties(${stem} PROPERTIES PROCESSORS 2 TIMEOUT ${OMPGROUP_TEST_TIMEOUT})
endforeach()

include(loop_macro.cmake)
include(tsan.cmake)
