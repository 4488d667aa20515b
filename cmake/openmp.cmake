# ompgroup::openmp: OpenMP for every language of the project, C or C++, that uses ompgroup. Included
# by ompgroup's own build and by its installed package.
#
# It holds flags and file names instead of linking OpenMP::OpenMP_C: such targets are visible only
# in the directory that made them, and do not exist in a project without C.
#
# SPDX-License-Identifier: Apache-2.0
if(TARGET ompgroup::openmp)
    return()
endif()
add_library(ompgroup::openmp INTERFACE IMPORTED GLOBAL)

get_property(ompgroup_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
foreach(language IN ITEMS C CXX)
    if(language IN_LIST ompgroup_languages)
        if(CMAKE_FIND_PACKAGE_NAME STREQUAL "ompgroup")
            include(CMakeFindDependencyMacro)
            find_dependency(OpenMP COMPONENTS ${language})
        else()
            find_package(OpenMP REQUIRED COMPONENTS ${language})
        endif()
        separate_arguments(ompgroup_flags NATIVE_COMMAND "${OpenMP_${language}_FLAGS}")
        target_compile_options(ompgroup::openmp INTERFACE
            "$<$<COMPILE_LANGUAGE:${language}>:${ompgroup_flags}>")
        target_include_directories(ompgroup::openmp INTERFACE ${OpenMP_${language}_INCLUDE_DIRS})
        target_link_libraries(ompgroup::openmp INTERFACE ${OpenMP_${language}_LIBRARIES})
    endif()
endforeach()
unset(ompgroup_languages)
unset(ompgroup_flags)
