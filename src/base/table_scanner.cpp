#include "base/table_scanner.h"

#include <algorithm>

#include "tvr/base/error.h"

namespace tvr {

TableScanner::TableScanner(std::string_view text, const std::string& origin) : text_(text), origin_(origin) {
  separator_ = find_separator();
}

// The first row may be a sentence or names with commas in them, the second one is numbers.
char TableScanner::find_separator() {
  bool quoted = false, filled = false, seen[2][3] = {};
  int row = 0;
  for (const char c : text_) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    const bool ends_line = c == '\n' || c == '\r';
    if (ends_line && filled && ++row == 2) break;
    filled = !ends_line && (filled || c != ' ');
    if (const auto kind = std::string_view("\t,;").find(c); kind != std::string_view::npos) seen[row][kind] = true;
  }
  for (const int i : {1, 0})
    for (const int kind : {0, 1, 2})
      if (seen[i][kind]) return "\t,;"[kind];
  return ' ';
}

void TableScanner::fail(const std::string& problem) const {
  throw DataError(origin_ + ": line " + std::to_string(line_) + ", column " + std::to_string(column_) + ": " + problem);
}

bool TableScanner::at_line_end() const {
  return position_ == text_.size() || text_[position_] == '\n' || text_[position_] == '\r';
}

void TableScanner::skip_blanks() {
  while (position_ < text_.size() && text_[position_] == ' ') ++position_;
}

void TableScanner::skip_line_end() {
  if (text_.substr(position_).starts_with("\r\n")) ++position_;
  if (position_ < text_.size()) ++position_;
  ++next_line_;
}

bool TableScanner::begin_row() {
  for (skip_blanks(); position_ < text_.size() && at_line_end(); skip_blanks()) skip_line_end();
  line_ = next_line_;
  column_ = 0;
  row_ended_ = position_ == text_.size();
  return !row_ended_;
}

std::string_view TableScanner::next_cell() {
  line_ = next_line_;
  ++column_;
  skip_blanks();
  const auto begin = position_;
  std::string_view cell;
  if (!at_line_end() && text_[position_] == '"') {
    cell = quoted_cell();
  } else {
    while (!at_line_end() && text_[position_] != separator_) ++position_;
    cell = text_.substr(begin, position_ - begin);
    while (cell.ends_with(' ')) cell.remove_suffix(1);
  }
  end_cell();
  return cell;
}

std::string_view TableScanner::quoted_cell() {
  const auto begin = ++position_;
  while (position_ < text_.size() && (text_[position_] != '"' || text_.substr(position_).starts_with("\"\""))) {
    if (text_[position_] == '\n') ++next_line_;
    position_ += text_[position_] == '"' ? 2 : 1;
  }
  if (position_ >= text_.size()) fail("a quote is opened and never closed.");
  return text_.substr(begin, position_++ - begin);
}

void TableScanner::end_cell() {
  const auto end = position_;
  skip_blanks();
  row_ended_ = at_line_end();
  if (row_ended_) return skip_line_end();
  if (separator_ == ' ' && position_ > end) return;
  if (separator_ == ' ' || text_[position_] != separator_) fail("a quote is closed inside the cell.");
  ++position_;
}

}  // namespace tvr
