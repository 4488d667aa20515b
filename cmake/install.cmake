# What `cmake --install` puts in place: library, headers, CMake package, pkg-config file.
#
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/ompgroup")
configure_package_config_file(cmake/ompgroupConfig.cmake.in
    "${PROJECT_BINARY_DIR}/package/ompgroupConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/ompgroupConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)

# The .pc file finds its prefix from where it lies, so that an installed tree can be moved.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
    file(RELATIVE_PATH pc_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
    set(pc_prefix "\${pcfiledir}/${pc_prefix}")
endif()
foreach(dir IN ITEMS LIBDIR INCLUDEDIR)
    set(pc_${dir} "${CMAKE_INSTALL_${dir}}")
    cmake_path(ABSOLUTE_PATH pc_${dir} BASE_DIRECTORY "\${prefix}")
endforeach()
configure_file(cmake/ompgroup.pc.in "${PROJECT_BINARY_DIR}/package/ompgroup.pc" @ONLY)

install(TARGETS ompgroup EXPORT ompgroupTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
install(EXPORT ompgroupTargets NAMESPACE ompgroup:: DESTINATION "${package_dir}")
install(FILES
    "${PROJECT_BINARY_DIR}/package/ompgroupConfig.cmake"
    "${PROJECT_BINARY_DIR}/package/ompgroupConfigVersion.cmake"
    cmake/openmp.cmake
    DESTINATION "${package_dir}")
install(FILES "${PROJECT_BINARY_DIR}/package/ompgroup.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
