#include "tvr/data/csv_table.h"

#include <algorithm>
#include <utility>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

// Where rows begin, and how many fields there are. Each quote opens or closes, line ends between them are text; where
// that is not so, read_csv() complains.
struct Outline {
  std::vector<int64_t> lines;
  size_t fields = 0;
};

Outline outline_of(std::string_view text) {
  Outline outline;
  int64_t line = 1;
  bool in_row = false, open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool line_end = text[i] == '\n' || text[i] == '\r';
    if (text[i] == '"') open = !open;
    if (!line_end && !in_row) outline.lines.push_back(line);
    outline.fields += !open && (text[i] == ',' || (line_end && in_row));
    in_row = !line_end || (in_row && open);
    const bool first_half = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (line_end && !first_half) ++line;
  }
  return outline;
}

// For a message: another kind of file can have a first row of any length.
std::vector<std::string> shown_columns(const std::vector<std::string>& header) {
  constexpr size_t kShown = 20;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kShown, header.size()); ++i) names.push_back(shortened(header[i]));
  return names;
}

}  // namespace

CsvTable::CsvTable(const fs::path& file) : file_(file) {
  if (file.extension() == ".tsv") {
    read_tabs();
  } else {
    auto outline = outline_of(read_annotation(file));
    if (outline.fields > kMostValues)
      throw DataError(file.string() + ": has " + std::to_string(outline.fields) + " fields, " +
                      std::to_string(kMostValues) + " are read; split the file.");
    lines_ = std::move(outline.lines);
    rows_ = read_csv(file);
  }
  if (rows_.empty()) throw DataError(file.string() + ": is empty; a header with the names of the columns is expected.");
  for (size_t row = 0; row < rows_.size(); ++row) check_row(row);
  for (size_t i = 0; i < rows_[0].size(); ++i)
    if (!columns_.emplace(rows_[0][i], i).second && !rows_[0][i].empty())
      throw DataError(place_of(0) + ": names the column " + in_quotes(rows_[0][i]) + " twice.");
}

void CsvTable::read_tabs() {
  for (const auto& [text, line] : read_lines(file_)) {
    lines_.push_back(line);
    rows_.push_back(split_at_tabs(text));
  }
}

void CsvTable::check_row(size_t row) const {
  if (rows_[row].size() != rows_[0].size())
    throw DataError(place_of(row) + ": has " + std::to_string(rows_[row].size()) + " fields, the first row has " +
                    std::to_string(rows_[0].size()) + "; quote fields that hold commas, or write a .tsv file.");
  for (const auto& field : rows_[row]) {
    if (field.size() > kLongestText)
      throw DataError(place_of(row) + ": has a field of " + std::to_string(field.size()) +
                      " bytes, no id or caption is longer than 1 MiB; this is another kind of file, or its line ends " +
                      "were lost.");
    if (!is_utf8(field)) throw DataError(place_of(row) + ": is not valid UTF-8; convert the file to UTF-8.");
  }
}

const std::string& CsvTable::at(int64_t row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end())
    throw DataError(place_of(0) + ": " + unknown_name_message("column", column, shown_columns(rows_.front())));
  return rows_[static_cast<size_t>(row) + 1][found->second];
}

std::string CsvTable::place_of(size_t row) const {
  return place(file_, row < lines_.size() ? lines_[row] : static_cast<int64_t>(row) + 1);
}

std::string CsvTable::where(int64_t row) const {
  return place_of(static_cast<size_t>(row) + 1);
}

}  // namespace tvr
