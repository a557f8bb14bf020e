#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// Longest id or caption that is believed, in bytes: paragraphs of the corpora have a few thousand.
constexpr size_t kLongestText = size_t{1} << 20;

/// Most lines, fields or values of a file: what is kept of each is larger than the two bytes it may take there.
constexpr size_t kMostValues = 20'000'000;

/// False for overlong forms, surrogates and what lies beyond U+10FFFF too.
bool is_utf8(std::string_view text);

/// `text` for a message: cut after 80 bytes, without control characters.
std::string shortened(std::string_view text);
std::string in_quotes(std::string_view text);  ///< the same in quotes

/// The whole of an annotation file without a byte-order mark. Throws DataError naming the file if it cannot be read, is
/// no regular file (a pipe would be waited for) or is larger than 1 GiB.
std::string read_annotation(const std::filesystem::path& file);

/// A line of a text file, without its end.
struct TextLine {
  std::string text;
  int64_t line = 0;  ///< from 1
};

/// The lines of a text file that are not blank; the last may lack its newline, CRLF is accepted. Throws DataError
/// naming file and line for invalid UTF-8, a line beyond kLongestText and more than kMostValues of them.
std::vector<TextLine> read_lines(const std::filesystem::path& file);

/// The fields between tabs, as they are.
std::vector<std::string> split_at_tabs(std::string_view text);

/// "lists/test.txt:12".
std::string place(const std::filesystem::path& file, int64_t line);

}  // namespace tvr
