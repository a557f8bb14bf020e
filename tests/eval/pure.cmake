# Everything of the evaluation that needs no LibTorch: an executable of its own, so that it starts at once.
tvr_test(metrics
  SOURCES breakdown_test.cpp comparison_page_test.cpp comparison_test.cpp compat_test.cpp properties_test.cpp reference_test.cpp rerank_test.cpp retrieved_test.cpp score_file_test.cpp ground_truth_file_test.cpp matrix_report_test.cpp metrics_test.cpp page_test.cpp report_test.cpp significance_test.cpp statistics_test.cpp table_spec_test.cpp table_test.cpp
  LINKS tvr_metrics)
target_compile_definitions(metrics_test PRIVATE TVR_GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}")  # goldens lie beside the tests
