# The version, commit and compiler that tvr/base/version.h tells, in one generated file. Included by the build it makes the
# target that writes the file; run as a script (cmake -P) at every build it rewrites the file only when something changed.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(TVR_VERSION_SOURCE "${CMAKE_BINARY_DIR}/generated/version.cpp")
  set(TVR_COMPILER_NAME "${CMAKE_CXX_COMPILER_ID}")
  if(TVR_COMPILER_NAME STREQUAL "GNU")
    set(TVR_COMPILER_NAME "g++")
  endif()
  add_custom_target(tvr_version_file BYPRODUCTS "${TVR_VERSION_SOURCE}" COMMENT "" COMMAND "${CMAKE_COMMAND}"
    "-DTVR_VERSION=${PROJECT_VERSION}" "-DTVR_COMPILER=${TVR_COMPILER_NAME} ${CMAKE_CXX_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}"
    "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DOUTPUT=${TVR_VERSION_SOURCE}" -P "${CMAKE_CURRENT_LIST_FILE}")
  return()
endif()

# A tarball may lie inside somebody else's repository: only a checkout of this very folder counts.
set(git git --no-optional-locks -C "${SOURCE}")
execute_process(COMMAND ${git} rev-parse --show-toplevel OUTPUT_VARIABLE top ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
file(REAL_PATH "${SOURCE}" real_source)
set(TVR_COMMIT unknown)
if(top STREQUAL real_source)
  execute_process(COMMAND ${git} rev-parse --short=12 HEAD OUTPUT_VARIABLE head ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  # Files git does not know yet count where the build would compile them: a new head is one.
  execute_process(COMMAND ${git} status --porcelain -- include src models tools CMakeLists.txt OUTPUT_VARIABLE changed ERROR_QUIET)
  if(head)
    set(TVR_COMMIT "${head}")
  endif()
  if(head AND changed)
    string(APPEND TVR_COMMIT "+changes")
  endif()
endif()
configure_file("${SOURCE}/src/base/version.cpp.in" "${OUTPUT}" @ONLY)
