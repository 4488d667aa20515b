# The peers that a machine may lack. Each one that is there adds its programs to `bench_peers`; for
# each other one a line says what is missing (names of packages as in Debian).
#
# SPDX-License-Identifier: Apache-2.0
add_custom_target(bench_peers)

function(bench_absent peer packages)
    message(STATUS "Benchmarks without ${peer} (${packages})")
endfunction()

# bench_peer(<peer> <library>... SOURCES <file>...): programs in C or C++.
function(bench_peer peer)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
    bench_programs(${peer} ${arg_UNPARSED_ARGUMENTS} SOURCES ${arg_SOURCES})
    foreach(source IN LISTS arg_SOURCES)
        get_filename_component(stem ${source} NAME_WE)
        set_target_properties(bench_${peer}_${stem} PROPERTIES EXCLUDE_FROM_ALL ON)
        add_dependencies(bench_peers bench_${peer}_${stem})
    endforeach()
endfunction()

include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
    find_package(TBB CONFIG QUIET)
endif()
if(TARGET TBB::tbb)
    file(GLOB sources RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS tbb/*.cpp)
    bench_peer(tbb TBB::tbb SOURCES ${sources})
    target_compile_options(bench_tbb_reduce PRIVATE -fopenmp-simd)
    target_compile_options(bench_tbb_scan PRIVATE -fopenmp-simd)
    target_compile_options(bench_tbb_reduce_deterministic PRIVATE -fopenmp-simd)
else()
    bench_absent(tbb "g++, libtbb-dev")
endif()

# The parallel mode of GCC's own C++ library.
if(CMAKE_CXX_COMPILER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    find_package(OpenMP COMPONENTS CXX QUIET)
endif()
if(TARGET OpenMP::OpenMP_CXX)
    bench_peer(gnu_parallel OpenMP::OpenMP_CXX
        SOURCES gnu_parallel/sort.cpp gnu_parallel/sort_stable.cpp)
else()
    bench_absent(gnu_parallel "g++")
endif()

find_path(HTSLIB_INCLUDE_DIR htslib/thread_pool.h)
find_library(HTSLIB_LIBRARY hts)
if(HTSLIB_INCLUDE_DIR AND HTSLIB_LIBRARY)
    bench_peer(htslib ${HTSLIB_LIBRARY}
        SOURCES htslib/flat.c htslib/grain.c htslib/region.c htslib/pipeline.c htslib/cancel.c
            htslib/memory.c htslib/limit.c)
else()
    bench_absent(htslib libhts-dev)
endif()

find_path(PTHREADPOOL_INCLUDE_DIR pthreadpool.h)
find_library(PTHREADPOOL_LIBRARY pthreadpool)
if(PTHREADPOOL_INCLUDE_DIR AND PTHREADPOOL_LIBRARY)
    bench_peer(pthreadpool ${PTHREADPOOL_LIBRARY}
        SOURCES pthreadpool/flat.c pthreadpool/grain.c pthreadpool/region.c pthreadpool/loop.c
            pthreadpool/reduce.c)
    # For the loop over what a tile sums, as in the other programs.
    target_compile_options(bench_pthreadpool_reduce PRIVATE -fopenmp-simd)
else()
    bench_absent(pthreadpool libpthreadpool-dev)
endif()

# Go's errgroup and rayon from the distribution's packages: nothing is downloaded.
find_program(BENCH_GO go)
find_path(BENCH_GO_PATH src/golang.org/x/sync/errgroup PATHS /usr/share/gocode NO_DEFAULT_PATH)
if(BENCH_GO AND BENCH_GO_PATH)
    set(environment "GO111MODULE=off" "GOPATH=${BENCH_GO_PATH}"
        "GOCACHE=${CMAKE_CURRENT_BINARY_DIR}/go-cache")
    foreach(stem IN ITEMS flat grain fib pair region loop reduce pipeline cancel memory limit)
        set(program "${CMAKE_CURRENT_BINARY_DIR}/go/${stem}")
        set(sources "${CMAKE_CURRENT_SOURCE_DIR}/go/bench.go"
            "${CMAKE_CURRENT_SOURCE_DIR}/go/${stem}.go")
        add_custom_command(OUTPUT "${program}" DEPENDS ${sources} VERBATIM
            COMMAND "${CMAKE_COMMAND}" -E env ${environment}
                "${BENCH_GO}" build -o "${program}" ${sources})
        add_custom_target(bench_go_${stem} DEPENDS "${program}")
        add_dependencies(bench_peers bench_go_${stem})
    endforeach()
else()
    bench_absent(go "golang-go, golang-golang-x-sync-dev")
endif()

find_program(BENCH_CARGO cargo PATHS /usr/bin NO_DEFAULT_PATH)
find_program(BENCH_RUSTC rustc PATHS /usr/bin NO_DEFAULT_PATH)
set(registry /usr/share/cargo/registry)
file(GLOB rayon "${registry}/rayon-1.*")
if(BENCH_CARGO AND BENCH_RUSTC AND rayon)
    set(crate "${CMAKE_CURRENT_BINARY_DIR}/rayon-crate")
    set(programs)
    set(outputs)
    foreach(stem IN ITEMS flat grain fib pair region loop reduce cancel memory limit sort)
        list(APPEND programs "${crate}/target/release/${stem}")
        list(APPEND outputs "${CMAKE_CURRENT_BINARY_DIR}/rayon/${stem}")
    endforeach()
    # In a copy, because cargo writes its lock file beside the manifest. What has not changed keeps its
    # time, so that cargo does not build it again.
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}/rayon" rayon/*)
    set(copies)
    foreach(source IN LISTS sources)
        configure_file("rayon/${source}" "${crate}/${source}" COPYONLY)
        list(APPEND copies "${crate}/${source}")
    endforeach()
    add_custom_command(OUTPUT ${outputs} DEPENDS ${copies} VERBATIM
        COMMAND "${CMAKE_COMMAND}" -E env "RUSTC=${BENCH_RUSTC}" "CARGO_HOME=${crate}/home"
            "${BENCH_CARGO}" build --quiet --release --offline
                --manifest-path "${crate}/Cargo.toml" --target-dir "${crate}/target"
                --config "source.crates-io.replace-with='distribution'"
                --config "source.distribution.directory='${registry}'"
        COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_CURRENT_BINARY_DIR}/rayon"
        COMMAND "${CMAKE_COMMAND}" -E copy ${programs} "${CMAKE_CURRENT_BINARY_DIR}/rayon")
    add_custom_target(bench_rayon DEPENDS ${outputs})
    add_dependencies(bench_peers bench_rayon)
else()
    bench_absent(rayon "cargo, librust-rayon-dev")
endif()
