#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tvr {

/// A csv file whose first row names the columns; blank lines are skipped, every field must be UTF-8. A .tsv file is cut
/// at its tabs, quotes in it are text.
class CsvTable {
 public:
  /// Throws DataError naming file and line for a malformed quote, invalid UTF-8, a field beyond kLongestText, a row
  /// with another number of fields than the header, or a header that names a column twice.
  explicit CsvTable(const std::filesystem::path& file);
  bool has(const std::string& column) const { return columns_.count(column) > 0; }
  int64_t rows() const { return static_cast<int64_t>(rows_.size()) - 1; }
  /// Throws DataError with the nearest column if it is absent.
  const std::string& at(int64_t row, const std::string& column) const;
  /// "lists/test.csv:12", the line where the row begins.
  std::string where(int64_t row) const;
  /// The header's fields: what a plain list has in its first line.
  const std::vector<std::string>& header() const { return rows_.front(); }

 private:
  void read_tabs();
  std::string place_of(size_t row) const;
  void check_row(size_t row) const;
  std::filesystem::path file_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int64_t> lines_;  ///< where each row begins
  std::map<std::string, size_t> columns_;
};

}  // namespace tvr
