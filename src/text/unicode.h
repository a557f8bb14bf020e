#pragma once
#include <string>
#include <string_view>

namespace tvr {

/// UTF-8 to code points. Ill-formed bytes become U+FFFD, one for each maximal subpart (Unicode 15, section 3.9), as
/// Python's errors="replace" does.
std::u32string decode_utf8(std::string_view text);

/// Code points to UTF-8. Surrogates become U+FFFD.
std::string encode_utf8(std::u32string_view text);

/// Canonical composition.
std::u32string to_nfc(std::u32string_view text);

/// Compatibility composition of one code point.
std::u32string to_nfkc(char32_t character);

/// Full, context-sensitive mapping of the root locale: final sigma, U+0130 to two code points.
std::u32string to_lower(std::u32string_view text);
std::u32string to_upper(std::u32string_view text);

/// The character classes of CLIP's pattern.
bool is_space(char32_t character);   ///< White_Space
bool is_letter(char32_t character);  ///< general category L*
bool is_number(char32_t character);  ///< general category N*
bool is_digit(char32_t character);   ///< general category Nd

}  // namespace tvr
