# What cmake --install puts where, and the package that find_package(Terse) finds.
include(CMakePackageConfigHelpers)

set(TERSE_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/Terse")

# Every library is a component. What it needs of the others goes into the package, LibTorch by its target's name.
get_property(TERSE_COMPONENTS GLOBAL PROPERTY TERSE_LIBRARIES)
set(TERSE_COMPONENT_NEEDS "")
foreach(component ${TERSE_COMPONENTS})
  get_property(links GLOBAL PROPERTY TERSE_LINKS_${component})
  list(FILTER links INCLUDE REGEX "^(terse_|Terse::)")
  list(TRANSFORM links REPLACE "^(terse_|Terse::)" "")
  string(APPEND TERSE_COMPONENT_NEEDS "set(_terse_needs_${component} ${links})\n")
  install(EXPORT Terse-${component} FILE Terse-${component}.cmake NAMESPACE Terse::
          DESTINATION "${TERSE_PACKAGE_DIR}")
endforeach()

get_filename_component(TERSE_LIBTORCH_HINT "${LibTorch_CPU}" DIRECTORY)
get_filename_component(TERSE_LIBTORCH_HINT "${TERSE_LIBTORCH_HINT}" DIRECTORY)
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/TerseConfig.cmake.in" "${CMAKE_BINARY_DIR}/package/TerseConfig.cmake"
  INSTALL_DESTINATION "${TERSE_PACKAGE_DIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/package/TerseConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_BINARY_DIR}/package/TerseConfig.cmake" "${CMAKE_BINARY_DIR}/package/TerseConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLibTorch.cmake"
  DESTINATION "${TERSE_PACKAGE_DIR}")
install(PROGRAMS "${CMAKE_CURRENT_LIST_DIR}/fetch_libtorch" DESTINATION "${TERSE_PACKAGE_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/formats/terse.magic" DESTINATION "${CMAKE_INSTALL_DATADIR}/terse")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
