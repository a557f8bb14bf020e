#include "tvr/text/mojibake.h"

#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "text/html.h"
#include "text/unicode.h"

namespace tvr {
namespace {

// The first also has latin-1, of which it is a superset but for the C1 controls.
constexpr std::array kEncodings{"windows-1252", "windows-1251", "windows-1250", "windows-1253", "windows-1254",
                                "windows-1257", "iso-8859-2",   "macintosh",    "ibm-437"};

// The byte above 0x7F that an encoding reads as a character, or 0.
class ByteTable {
 public:
  explicit ByteTable(const char* encoding) : bytes_(0x10000, 0) {
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<UConverter, void (*)(UConverter*)> converter(ucnv_open(encoding, &error), ucnv_close);
    if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU has no encoding ") + encoding);
    for (unsigned byte = 0x80; byte < 0xA0; ++byte) bytes_[byte] = static_cast<uint8_t>(byte);  // C1, often left over
    for (unsigned byte = 0x80; byte <= 0xFF; ++byte) {
      const char text = static_cast<char>(byte);
      UChar character = 0xFFFD;
      UErrorCode ignored = U_ZERO_ERROR;
      ucnv_toUChars(converter.get(), &character, 1, &text, 1, &ignored);
      if (character != 0xFFFD) bytes_[character] = static_cast<uint8_t>(byte);
    }
  }
  uint8_t operator[](char32_t character) const { return character < bytes_.size() ? bytes_[character] : 0; }

 private:
  std::vector<uint8_t> bytes_;
};

const std::vector<ByteTable>& tables() {
  static const std::vector<ByteTable> all(kEncodings.begin(), kEncodings.end());
  return all;
}

// How many characters at the start of `text` are the bytes of one assigned character in UTF-8, or 0.
size_t sequence_length(std::u32string_view text, const ByteTable& table) {
  const int length = 1 + U8_COUNT_TRAIL_BYTES(table[text[0]]);
  if (length < 2 || static_cast<size_t>(length) > text.size()) return 0;
  uint8_t bytes[U8_MAX_LENGTH];
  for (int i = 0; i < length; ++i) bytes[i] = table[text[static_cast<size_t>(i)]];
  int end = 0;
  UChar32 character;
  U8_NEXT(bytes, end, length, character);
  return character >= 0 && end == length && u_isdefined(character) ? static_cast<size_t>(length) : 0;
}

bool is_sign(char32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_S_MASK | U_GC_N_MASK | U_GC_C_MASK)) != 0;
}

// Two characters that might be text. Symbols, numbers and controls follow a letter without a blank, and precede one,
// in damaged text only; quotes and dashes ("CAFÉ—the") do so in good text too.
bool tells_alone(std::u32string_view text, size_t at) {
  const char32_t first = text[at], second = text[at + 1];
  if (first == 0xC2 || first == 0xC3 || (second >= 0x80 && second < 0xA0)) return true;  // Â, Ã; C1
  return is_sign(second) && at + 2 < text.size() && is_letter(text[at + 2]);
}

bool reads_as_utf8(std::u32string_view text, const ByteTable& table, bool western) {
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    int sequences = 0;
    while (end < text.size()) {
      const size_t length = sequence_length(text.substr(end), table);
      if (length == 0) break;
      end += length;
      ++sequences;
    }
    // Cyrillic and Greek have letters at the lead bytes of three: "моё»" is good text in windows-1251.
    if (sequences > 1 || (western && end - begin > 2) ||
        (sequences == 1 && end - begin == 2 && tells_alone(text, begin)))
      return true;
    begin = std::max(end, begin + 1);
  }
  return false;
}

// "voilÃ " was "voilà": the second byte, 0xA0, is a blank in most encodings, and becomes a space where blanks are
// tidied.
bool ends_in_lost_blank(std::u32string_view text) {
  for (size_t i = 1; i + 1 < text.size(); ++i)
    if ((text[i] == 0xC2 || text[i] == 0xC3) && text[i + 1] == ' ' && text[i - 1] >= 'a' && text[i - 1] <= 'z')
      return true;
  return false;
}

}  // namespace

bool looks_like_mojibake(std::string_view text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii) && text.find('&') == std::string_view::npos) return false;
  const auto characters = unescape_html_closed(decode_utf8(text));
  if (ends_in_lost_blank(characters)) return true;
  bool western = true;  // the first table
  for (const auto& table : tables()) {
    if (reads_as_utf8(characters, table, western)) return true;
    western = false;
  }
  return false;
}

}  // namespace tvr
