# The metrics and everything else of the evaluation that needs neither LibTorch nor a model.
tvr_library(tvr_metrics
  SOURCES breakdown.cpp chart_parts.cpp comparison.cpp comparison_charts.cpp comparison_json.cpp comparison_page.cpp
          comparison_report.cpp compat.cpp fusion.cpp grid.cpp
          ground_truth.cpp ground_truth_file.cpp matrix_report.cpp matrix_report_text.cpp metrics.cpp page.cpp
          page_charts.cpp page_parts.cpp ranks.cpp ranks_file.cpp report.cpp report_json.cpp report_text.cpp rerank.cpp
          resampling.cpp retrieved.cpp score_counts.cpp score_file.cpp score_matrix.cpp significance.cpp
          statistics.cpp table.cpp table_charts.cpp table_costs.cpp table_grids.cpp table_json.cpp table_load.cpp
          table_page.cpp table_spec.cpp table_summary.cpp tags_file.cpp
  LINKS tvr_base tvr_config nlohmann_json::nlohmann_json
  PRIVATE_LINKS Boost::headers)
set_source_files_properties(score_counts.cpp ranks.cpp retrieved.cpp PROPERTIES COMPILE_OPTIONS -O3)  # -O2 of GCC 12 leaves loops as they are
