# LibTorch for the CPU: libtorch_cpu.so and libc10.so alone, as target Terse::LibTorch.
# A LibTorch on CMAKE_PREFIX_PATH (or LibTorch_ROOT) is taken as it is; otherwise fetch_libtorch puts the
# pinned wheel into the user's cache folder. libtorch.so is left out: it would drag in all of CUDA.
find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h PATH_SUFFIXES include torch/include)
find_library(LibTorch_CPU torch_cpu PATH_SUFFIXES lib torch/lib)
find_library(LibTorch_C10 c10 PATH_SUFFIXES lib torch/lib)

if(NOT LibTorch_INCLUDE_DIR OR NOT LibTorch_CPU OR NOT LibTorch_C10)
  execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/fetch_libtorch" OUTPUT_VARIABLE LibTorch_FETCHED
                  OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE LibTorch_FETCH_STATUS)
  if(LibTorch_FETCH_STATUS EQUAL 0)
    set(LibTorch_INCLUDE_DIR "${LibTorch_FETCHED}/torch/include" CACHE PATH "" FORCE)
    set(LibTorch_CPU "${LibTorch_FETCHED}/torch/lib/libtorch_cpu.so" CACHE FILEPATH "" FORCE)
    set(LibTorch_C10 "${LibTorch_FETCHED}/torch/lib/libc10.so" CACHE FILEPATH "" FORCE)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CPU LibTorch_C10 LibTorch_INCLUDE_DIR)

if(LibTorch_FOUND AND NOT TARGET Terse::LibTorch)
  add_library(Terse::c10 SHARED IMPORTED)
  set_target_properties(Terse::c10 PROPERTIES IMPORTED_LOCATION "${LibTorch_C10}")
  add_library(Terse::LibTorch SHARED IMPORTED)
  set_target_properties(Terse::LibTorch PROPERTIES IMPORTED_LOCATION "${LibTorch_CPU}")
  target_include_directories(Terse::LibTorch SYSTEM INTERFACE
    "${LibTorch_INCLUDE_DIR}" "${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  # Old-style RPATH is inherited by libtorch_cpu.so's own dependencies, which RUNPATH is not.
  target_link_options(Terse::LibTorch INTERFACE -Wl,--disable-new-dtags)
  target_link_libraries(Terse::LibTorch INTERFACE Terse::c10)
endif()
