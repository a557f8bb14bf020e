#include "base/csv_array.h"

#include <charconv>
#include <vector>

#include "base/array_layout.h"
#include "base/table_scanner.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/temporary_file.h"

namespace tvr {
namespace {

constexpr size_t kBuffer = 1 << 13;  // numbers

std::errc parse(std::string_view cell, double& value) {
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc() && end != cell.data() + cell.size() ? std::errc::invalid_argument : error;
}

// nan and inf are numbers, in any case; empty cells and trailing text are not.
bool is_number(std::string_view cell) {
  double value = 0;
  return parse(cell, value) != std::errc::invalid_argument;
}

/// What the table holds beside its numbers.
struct Layout {
  int64_t columns = 0;  ///< cells of a row, its name among them
  bool names_columns = false, names_rows = false;
  bool empty_corner = false;  ///< names of both, whatever they look like
};

// A row that mixes numbers and text is not taken for names: it is read as numbers, and its text reported.
Layout read_layout(TableScanner scanner) {
  scanner.begin_row();
  const auto corner = scanner.next_cell();
  int64_t numbers = 0;
  bool counts_up = true;  // 0, 1, 2 …: what pandas writes over columns without names
  while (!scanner.row_ended()) {
    const auto cell = scanner.next_cell();
    numbers += is_number(cell);
    counts_up = counts_up && cell == std::to_string(scanner.column() - 2);
  }
  Layout layout{scanner.column()};
  if (is_number(corner)) return layout;
  layout.empty_corner = layout.columns > 1 && corner.empty() && (numbers == 0 || counts_up);
  layout.names_columns = layout.empty_corner || numbers == 0;
  const auto below = scanner.begin_row() ? scanner.next_cell() : std::string_view();
  const bool text_below = !below.empty() && !is_number(below);
  layout.names_rows =
      layout.columns > 1 && (layout.empty_corner || (layout.names_columns ? text_below : !corner.empty()));
  return layout;
}

/// Reads the rows below the names of columns and hands their numbers to a temporary file.
class TableReader {
 public:
  TableReader(const TableScanner& scanner, const Layout& layout, TemporaryFile& out)
      : scanner_(scanner), layout_(layout), out_(out) {}

  /// The number of rows.
  int64_t read() {
    int64_t rows = 0;
    for (bool is_names = layout_.names_columns; scanner_.begin_row(); is_names = false) {
      read_row(is_names);
      rows += !is_names;
    }
    flush();
    return rows;
  }

 private:
  void read_row(bool is_names) {
    while (!scanner_.row_ended()) {
      const auto cell = scanner_.next_cell();
      if (scanner_.column() > layout_.columns) fail_ragged("more");
      if (is_names) continue;
      if (scanner_.column() == 1 && layout_.names_rows)
        check_name(cell);
      else
        add(cell);
    }
    if (scanner_.column() < layout_.columns) fail_ragged("fewer");
  }
  void check_name(std::string_view cell) const {
    if (!layout_.empty_corner && is_number(cell))
      scanner_.fail("'" + escaped(cell) + "' is a number, but the first column began with names; if it holds names, " +
                    "leave the first cell of the table empty.");
  }
  void add(std::string_view cell) {
    double value = 0;
    const auto error = parse(cell, value);
    if (cell.empty()) scanner_.fail("the cell is empty; write nan where there is no number.");
    if (error == std::errc::invalid_argument) scanner_.fail("'" + escaped(cell) + "' is not a number.");
    if (error != std::errc()) scanner_.fail("'" + escaped(cell) + "' is beyond the range of float64.");
    buffer_.push_back(value);
    if (buffer_.size() == kBuffer) flush();
  }
  void flush() {
    out_.append(buffer_.data(), buffer_.size() * sizeof(double));
    buffer_.clear();
  }
  [[noreturn]] void fail_ragged(const std::string& how) const {
    scanner_.fail("this row has " + how + " cells than the first one, which has " + std::to_string(layout_.columns) +
                  ".");
  }

  TableScanner scanner_;
  const Layout& layout_;
  TemporaryFile& out_;
  std::vector<double> buffer_;
};

}  // namespace

StoredArray read_csv_array(std::string_view text, const std::string& origin) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const TableScanner scanner(text, origin);
  if (!TableScanner(scanner).begin_row()) throw DataError(origin + ": holds no numbers: it is blank.");
  const auto layout = read_layout(scanner);
  TemporaryFile out(origin);
  const int64_t rows = TableReader(scanner, layout, out).read();
  if (rows == 0) throw DataError(origin + ": holds names of columns and no row of numbers.");
  StoredArray array;
  array.type = ElementType::kF64;
  array.shape = {rows, layout.columns - (layout.names_rows ? 1 : 0)};
  array.strides = c_strides(array.shape);
  const auto mapping = out.map();
  array.data = mapping.get();
  array.keeps_alive = mapping;
  return array;
}

}  // namespace tvr
