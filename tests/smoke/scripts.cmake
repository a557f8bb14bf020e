add_test(NAME scripts COMMAND "${CMAKE_CURRENT_LIST_DIR}/scripts_test.sh" "${PROJECT_SOURCE_DIR}")
set_tests_properties(scripts PROPERTIES LABELS unit TIMEOUT 120)
