# Every third-party library, each behind a target. What is missing stops the configuration with what to do.

if(NOT EXISTS "${TVR_LIBTORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${TVR_LIBTORCH}: run scripts/setup.sh, or give the torch folder of a LibTorch >= 2.11 "
                      "with -DTVR_LIBTORCH=DIR.")
endif()

# An imported target of our own: the wheel's CMake package insists on a CUDA toolkit. -idirafter puts torch's include
# folders last (they carry another fmt than spdlog's) and marks them as system folders.
add_library(tvr_torch INTERFACE)
target_compile_options(tvr_torch INTERFACE
  "SHELL:-idirafter ${TVR_LIBTORCH}/include" "SHELL:-idirafter ${TVR_LIBTORCH}/include/torch/csrc/api/include")
get_filename_component(TVR_CUDA_RUNTIME "${TVR_LIBTORCH}/../nvidia/cu13/lib" ABSOLUTE)
target_link_libraries(tvr_torch INTERFACE "${TVR_LIBTORCH}/lib/libtorch_cpu.so" "${TVR_LIBTORCH}/lib/libc10.so")
target_link_options(tvr_torch INTERFACE "-Wl,-rpath-link,${TVR_CUDA_RUNTIME}")
set(CMAKE_BUILD_RPATH "${TVR_LIBTORCH}/lib;${TVR_CUDA_RUNTIME}")
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib;${TVR_LIBTORCH}/lib;${TVR_CUDA_RUNTIME}")

set(TVR_ASSETS_DIR "${PROJECT_SOURCE_DIR}/.venv/open_clip" CACHE PATH "Where the CLIP merges file is, the default of run.assets")

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)  # headers only: Boost.Math
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
pkg_check_modules(SENTENCEPIECE REQUIRED sentencepiece)
pkg_check_modules(MINIZIP REQUIRED IMPORTED_TARGET minizip)

# Debian's small OpenCV packages (core, imgproc, imgcodecs) come without the CMake package of the whole library.
function(tvr_find_opencv)
  find_path(TVR_OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
  foreach(module core imgproc imgcodecs)
    find_library(TVR_OPENCV_${module} opencv_${module})
    if(NOT TVR_OPENCV_INCLUDE OR NOT TVR_OPENCV_${module})
      return()
    endif()
    add_library(opencv_${module} SHARED IMPORTED GLOBAL)
    set_target_properties(opencv_${module} PROPERTIES IMPORTED_LOCATION "${TVR_OPENCV_${module}}"
      INTERFACE_INCLUDE_DIRECTORIES "${TVR_OPENCV_INCLUDE}" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${TVR_OPENCV_INCLUDE}")
  endforeach()
  set(OpenCV_FOUND TRUE PARENT_SCOPE)
endfunction()

if(TVR_WITH_VIDEO)
  find_package(OpenCV 4.5 QUIET COMPONENTS core imgproc imgcodecs)
  if(NOT OpenCV_FOUND)
    tvr_find_opencv()
  endif()
  pkg_check_modules(FFMPEG QUIET IMPORTED_TARGET libavformat>=59.27 libavcodec>=59.37 libavutil>=57.28 libswscale libswresample
                    libavfilter)
  if(NOT OpenCV_FOUND OR NOT FFMPEG_FOUND)
    message(FATAL_ERROR "FFmpeg (>= 5.1) or OpenCV (>= 4.5) was not found: run scripts/setup.sh, or build without media "
                        "support by -DTVR_WITH_VIDEO=OFF.")
  endif()
endif()
if(TVR_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

if(TVR_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# The one precompiled header all torch code shares: 35 s a file without it, 9 s with it. Libraries and programs must be
# compiled alike for that: -fPIC for both, where CMake would give programs -fPIE, and -Wpedantic, which changes a macro.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE ${CMAKE_CXX_COMPILE_OPTIONS_PIC})
file(WRITE "${CMAKE_BINARY_DIR}/pch/pch.cpp" "")
add_library(tvr_pch STATIC "${CMAKE_BINARY_DIR}/pch/pch.cpp")
target_link_libraries(tvr_pch PUBLIC tvr_torch)
target_compile_options(tvr_pch PRIVATE -Wpedantic)
target_precompile_headers(tvr_pch PRIVATE <torch/torch.h>)
