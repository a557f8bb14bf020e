#include "tvr/data/annotation_file.h"

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr uintmax_t kLargestFile = uintmax_t{1} << 30;

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  if (first >= 0xE0 && first <= 0xEF)
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  if (first >= 0xF0 && first <= 0xF4)
    return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

void check_line(const fs::path& file, const TextLine& line) {
  if (line.text.size() > kLongestText)
    throw DataError(place(file, line.line) + ": is a line of " + std::to_string(line.text.size()) +
                    " bytes, no id or caption is longer than 1 MiB; this is another kind of file, or its line ends " +
                    "were lost.");
  if (!is_utf8(line.text)) throw DataError(place(file, line.line) + ": is not valid UTF-8; convert the file to UTF-8.");
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string shortened(std::string_view text) {
  constexpr size_t kShown = 80;
  size_t end = std::min(text.size(), kShown);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;  // whole letters
  std::string shown(text.substr(0, end));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = '?';
  return end < text.size() ? shown + "…" : shown;
}

std::string in_quotes(std::string_view text) {
  return "'" + shortened(text) + "'";
}

std::string read_annotation(const fs::path& file) {
  std::error_code error;
  const auto type = fs::status(file, error).type();
  if (type == fs::file_type::not_found) throw DataError(file.string() + ": there is no such file.");
  if (!error && type != fs::file_type::regular)
    throw DataError(file.string() + ": is not a regular file; an annotation file is expected.");
  const auto size = error ? 0 : fs::file_size(file, error);
  if (!error && size > kLargestFile)
    throw DataError(file.string() + ": has " + std::to_string(size) +
                    " bytes; annotation files of up to 1 GiB are read. Split it, or name the right file.");
  auto text = read_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

std::vector<TextLine> read_lines(const fs::path& file) {
  const auto content = read_annotation(file);
  std::vector<TextLine> lines;
  std::string_view rest = content;
  for (int64_t number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (lines.size() == kMostValues)
      throw DataError(place(file, number) + ": there are more than " + std::to_string(kMostValues) +
                      " lines; split the file.");
    lines.push_back({std::string(text), number});
    check_line(file, lines.back());
  }
  return lines;
}

std::vector<std::string> split_at_tabs(std::string_view text) {
  std::vector<std::string> fields;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\t', begin), text.size());
    fields.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

std::string place(const fs::path& file, int64_t line) {
  return file.string() + ":" + std::to_string(line);
}

}  // namespace tvr
