#include "text/html.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <unordered_map>

#include "text/unicode.h"

namespace tvr {
namespace {

using EntityMap = std::unordered_map<std::string, std::u32string>;

constexpr size_t kLongestName = 32;    // of the standard, without ';'
constexpr size_t kLongestClosed = 24;  // of ftfy

// Windows-1252 for the numbers 0x80 to 0x9F, as the standard asks.
constexpr char32_t kControlCorrections[] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                            0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

EntityMap parse_entities() {
  EntityMap entities;
  std::string_view rest = kHtmlEntities;
  while (!rest.empty()) {
    const auto equals = rest.find('='), end = rest.find(' ');
    auto codes = rest.substr(equals + 1, end - equals - 1);
    auto& text = entities[std::string(rest.substr(0, equals))];
    while (!codes.empty()) {
      uint32_t code = 0;
      const auto parsed = std::from_chars(codes.data(), codes.data() + codes.size(), code, 16);
      text += static_cast<char32_t>(code);
      codes.remove_prefix(std::min(codes.size(), static_cast<size_t>(parsed.ptr - codes.data()) + 1));
    }
    rest.remove_prefix(end + 1);
  }
  return entities;
}

const EntityMap& entities() {
  static const EntityMap map = parse_entities();
  return map;
}

EntityMap closed_entities() {
  EntityMap closed;
  for (const auto& [name, text] : entities()) {
    if (name.back() != ';') continue;
    closed.emplace(name, text);
    auto upper = name;
    std::transform(name.begin(), name.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    const bool lower_case = std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    const auto reference = decode_utf8("&" + upper);
    if (lower_case && unescape_html(reference) == reference) closed.emplace(upper, to_upper(text));
  }
  return closed;
}

bool is_ascii_digit(char32_t c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char32_t c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_alphanumeric(char32_t c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool ends_name(char32_t c) {
  return c == '\t' || c == '\n' || c == '\f' || c == ' ' || c == '<' || c == '&' || c == '#' || c == ';';
}

bool is_dropped(uint32_t code) {
  return (code >= 0x1 && code <= 0x8) || code == 0xB || (code >= 0xE && code <= 0x1F) ||
         (code >= 0x7F && code <= 0x9F) || (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

void append_code(uint32_t code, std::u32string& out) {
  if (code >= 0x80 && code <= 0x9F)
    out += kControlCorrections[code - 0x80];
  else if (code == 0 || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF)
    out += U'\uFFFD';
  else if (!is_dropped(code))
    out += static_cast<char32_t>(code);
}

// "&#38;", "&#x26" at the start of `text`: appends its character and returns its length, or 0.
size_t append_number(std::u32string_view text, std::u32string& out) {
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const size_t first = hexadecimal ? 3 : 2;
  size_t end = first;
  uint32_t code = 0;
  for (; end < text.size() && (hexadecimal ? is_hexadecimal(text[end]) : is_ascii_digit(text[end])); ++end) {
    const auto digit = is_ascii_digit(text[end]) ? text[end] - '0' : (text[end] | 0x20) - 'a' + 10;
    code = std::min<uint32_t>(code * (hexadecimal ? 16 : 10) + digit, 0x110000);  // larger ones are all U+FFFD
  }
  if (end == first) return 0;
  append_code(code, out);
  return end < text.size() && text[end] == ';' ? end + 1 : end;
}

// The same for names, the longest known one.
size_t append_name(std::u32string_view text, std::u32string& out) {
  std::string name;
  size_t end = 1;
  for (; end < text.size() && name.size() < kLongestName && !ends_name(text[end]); ++end)
    name += text[end] < 0x80 ? static_cast<char>(text[end]) : '?';  // no name holds '?'
  if (end < text.size() && text[end] == ';' && !name.empty()) name += ';';
  for (; name.size() > 1; name.pop_back()) {
    const auto found = entities().find(name);
    if (found == entities().end()) continue;
    out += found->second;
    return 1 + name.size();
  }
  return 0;
}

// "&name;", "&#38;" at the start of `text` for unescape_html_closed().
size_t append_closed(std::u32string_view text, std::u32string& out) {
  static const EntityMap closed = closed_entities();
  const size_t first = text.size() > 1 && text[1] == '#' ? 2 : 1;
  size_t end = first;
  while (end < text.size() && end - first < kLongestClosed && is_alphanumeric(text[end])) ++end;
  if (end == first || end == text.size() || text[end] != ';') return 0;
  if (first == 1) {
    const auto found = closed.find(encode_utf8(text.substr(1, end)));
    if (found == closed.end()) return 0;
    out += found->second;
    return end + 1;
  }
  std::u32string number;
  if (append_number(text, number) != end + 1 || number == U";") return 0;
  out += number;
  return end + 1;
}

template <class Append>
std::u32string replace_references(std::u32string_view text, Append append) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = text[i] == '&' ? append(text.substr(i), out) : 0;
    if (length == 0) out += text[i];
    i += std::max<size_t>(length, 1);
  }
  return out;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  return replace_references(text, [](std::u32string_view at, std::u32string& out) {
    return at.size() > 1 && at[1] == '#' ? append_number(at, out) : append_name(at, out);
  });
}

std::u32string unescape_html_closed(std::u32string_view text) {
  return replace_references(text, append_closed);
}

}  // namespace tvr
