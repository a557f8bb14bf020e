#include "base/pickle_literals.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace tvr {
namespace {

constexpr size_t kMaxDigits = 38;  // 128 bits

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<uint32_t> hexadecimal(std::string_view digits, size_t count) {
  uint32_t number = 0;
  if (digits.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + count, number, 16);
  if (error != std::errc() || end != digits.data() + count) return std::nullopt;
  return number;
}

// False for surrogates and beyond.
bool append_utf8(std::string& text, uint32_t point) {
  const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
  if ((point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) return false;
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | (point >> 6));
  } else if (point < 0x10000) {
    byte(0xE0 | (point >> 12));
    byte(0x80 | ((point >> 6) & 63));
  } else {
    byte(0xF0 | (point >> 18));
    byte(0x80 | ((point >> 12) & 63));
    byte(0x80 | ((point >> 6) & 63));
  }
  if (point >= 0x80) byte(0x80 | (point & 63));
  return true;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// The escape behind a backslash, taken from the front of `rest`.
std::optional<std::string> escape(std::string_view& rest) {
  static constexpr std::string_view kNames = "\\'\"abfnrtv", kValues = "\\'\"\a\b\f\n\r\t\v";
  if (rest.empty()) return std::nullopt;
  const char name = rest.front();
  if (const auto known = kNames.find(name); known != std::string_view::npos) {
    rest.remove_prefix(1);
    return std::string(1, kValues[known]);
  }
  if (name == 'x') {
    const auto value = hexadecimal(rest.substr(1), 2);
    if (!value) return std::nullopt;
    rest.remove_prefix(3);
    return std::string(1, static_cast<char>(*value));
  }
  if (!is_octal(name)) return "\\";  // Python keeps the backslash of an unknown escape
  int value = 0;
  for (int i = 0; i < 3 && !rest.empty() && is_octal(rest.front()); ++i, rest.remove_prefix(1))
    value = value * 8 + (rest.front() - '0');
  return std::string(1, static_cast<char>(value));
}

// nlohmann's decoder serves as the judge of well-formedness.
bool is_well_formed(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; })) return true;
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

}  // namespace

std::optional<PickleValue> integer_of_text(std::string_view text) {
  if (const auto small = parsed<int64_t>(text)) return PickleValue{*small};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  __extension__ __int128 number = 0;  // 38 digits stay below 2^127
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  if (negative) number = -number;
  return integer_of_bytes({reinterpret_cast<const char*>(&number), sizeof(number)});
}

PickleValue integer_of_bytes(std::string_view bytes) {
  const char sign = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0 ? '\xFF' : '\0';
  const auto is_negative = [](char byte) { return static_cast<signed char>(byte) < 0; };
  while (bytes.size() > 1 && bytes.back() == sign && is_negative(bytes[bytes.size() - 2]) == is_negative(sign))
    bytes.remove_suffix(1);  // says nothing that the byte before does not
  if (bytes.size() > 8) return {PickleBigInteger{std::string(bytes)}};
  uint64_t number = sign == '\0' ? 0 : ~uint64_t{0};
  for (size_t i = bytes.size(); i-- > 0;) number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return {static_cast<int64_t>(number)};
}

std::optional<double> double_of_text(std::string_view text) {
  return parsed<double>(text);
}

std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '\'' && text.front() != '"') || text.back() != text.front())
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string result;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      result += c;
      continue;
    }
    const auto value = escape(text);
    if (!value) return std::nullopt;
    result += *value;
  }
  return result;
}

std::optional<std::string> text_of_raw_unicode_escape(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    uint32_t point = static_cast<unsigned char>(text.front());
    size_t length = 1;
    if (text.starts_with("\\u") || text.starts_with("\\U")) {
      const size_t digits = text[1] == 'u' ? 4 : 8;
      const auto value = hexadecimal(text.substr(2), digits);
      if (!value) return std::nullopt;
      point = *value;
      length = 2 + digits;
    } else if (text.starts_with("\\\\")) {  // the second one begins no escape
      result += '\\';
      length = 2;
    }
    if (!append_utf8(result, point)) return std::nullopt;
    text.remove_prefix(length);
  }
  return result;
}

PickleValue text_or_bytes(std::string_view bytes) {
  if (is_well_formed(bytes)) return {std::string(bytes)};
  return {PickleBytes{std::string(bytes)}};
}

}  // namespace tvr
