# The two helpers every folder uses: one library a folder, one test executable a layer.

set(TVR_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(TVR_SANITIZE)  # the sanitizers' checks make GCC 12 see uninitialised members in torch's inlined headers
  list(APPEND TVR_WARNINGS -Wno-maybe-uninitialized)
endif()

function(tvr_settings target)
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_options(${target} PRIVATE ${TVR_WARNINGS})
  if(TVR_WITH_VIDEO)
    target_compile_definitions(${target} PRIVATE TVR_WITH_VIDEO=1)
  endif()
endfunction()

# tvr_library(NAME [TORCH] SOURCES … [LINKS …] [PRIVATE_LINKS …]); TORCH: uses LibTorch and the shared precompiled header.
function(tvr_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  tvr_settings(${name})
  target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
  if(arg_TORCH)
    tvr_use_torch(${name})
  endif()
endfunction()

function(tvr_use_torch target)
  target_link_libraries(${target} PUBLIC tvr_torch)
  target_precompile_headers(${target} REUSE_FROM tvr_pch)
endfunction()

# tvr_test(LAYER [TORCH] SOURCES … LINKS …): build/tests/LAYER_test, one ctest entry, label unit unless LABEL says otherwise.
function(tvr_test layer)
  cmake_parse_arguments(arg "TORCH" "LABEL" "SOURCES;LINKS" ${ARGN})
  set(target ${layer}_test)
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  tvr_settings(${target})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${arg_LINKS} GTest::gmock_main)
  if(arg_TORCH)
    target_link_libraries(${target} PRIVATE tvr_torch)
    target_precompile_headers(${target} REUSE_FROM tvr_pch)
  endif()
  add_test(NAME ${layer} COMMAND ${target})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  set_tests_properties(${layer} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600 ENVIRONMENT
    "TVR_TEST_DATA=$<IF:$<BOOL:$ENV{TVR_TEST_DATA}>,$ENV{TVR_TEST_DATA},${PROJECT_SOURCE_DIR}/../shared/data>;TVR_ASSETS=${TVR_ASSETS_DIR}")
endfunction()
