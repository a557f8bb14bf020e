# The metrics and everything else of the evaluation that needs neither LibTorch nor a model.
tvr_library(tvr_metrics
  SOURCES breakdown.cpp grid.cpp metrics.cpp page.cpp page_charts.cpp ranks.cpp report.cpp report_json.cpp statistics.cpp table.cpp table_spec.cpp
  LINKS tvr_base tvr_config nlohmann_json::nlohmann_json)
