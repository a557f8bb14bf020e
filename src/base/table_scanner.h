#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tvr {

/// Cells of a table in text, one after the other, each a view into the text: a table of scores can have 10^8 cells, too
/// many for libcsv's call and copy a cell.
class TableScanner {
 public:
  /// `text` without byte-order mark. The separator of cells (tab, comma, semicolon, or ' ' for runs of blanks) is the
  /// first of them that occurs in the second row, else in the first.
  TableScanner(std::string_view text, const std::string& origin);

  /// Goes to the next line that is not blank; false at the end of the text.
  bool begin_row();
  /// The next cell of the row, without quotes and blanks around it.
  std::string_view next_cell();
  bool row_ended() const { return row_ended_; }
  int64_t line() const { return line_; }      ///< where the last cell was, from 1
  int64_t column() const { return column_; }  ///< its number in the row, from 1
  /// Throws DataError "origin: line 3, column 2: problem".
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  char find_separator();
  std::string_view quoted_cell();
  bool at_line_end() const;
  void skip_blanks();
  void skip_line_end();
  void end_cell();

  std::string_view text_;
  const std::string& origin_;
  char separator_ = ',';
  size_t position_ = 0;
  int64_t line_ = 1, next_line_ = 1, column_ = 0;
  bool row_ended_ = true;
};

}  // namespace tvr
