# Everything of the evaluation that needs no LibTorch: an executable of its own, so that it starts at once.
tvr_test(metrics
  SOURCES breakdown_test.cpp metrics_test.cpp page_test.cpp report_test.cpp statistics_test.cpp table_test.cpp
  LINKS tvr_metrics)
