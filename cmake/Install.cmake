# Both forms of the library, the headers, the programs, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)
set(ek_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/EndpointKit)

# Two export sets: the shared library brings nothing along, the static one needs its dependencies found again.
foreach(form shared static)
  install(TARGETS endpointkit_${form} EXPORT EndpointKit-${form}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(EXPORT EndpointKit-${form} NAMESPACE EndpointKit:: DESTINATION ${ek_package_dir})
endforeach()
install(DIRECTORY include/endpointkit ${PROJECT_BINARY_DIR}/include/endpointkit
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(program endpointkit_cli endpointkit_emulator)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
  endif()
endforeach()

configure_package_config_file(cmake/EndpointKitConfig.cmake.in EndpointKitConfig.cmake
  INSTALL_DESTINATION ${ek_package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(EndpointKitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/EndpointKitConfig.cmake ${PROJECT_BINARY_DIR}/EndpointKitConfigVersion.cmake
  DESTINATION ${ek_package_dir})
# The directories are relative to the file, so that the installed tree can be moved.
file(RELATIVE_PATH ek_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/endpointkit.pc.in endpointkit.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/endpointkit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
