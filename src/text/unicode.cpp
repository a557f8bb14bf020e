#include "text/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <stdexcept>

namespace tvr {
namespace {

icu::UnicodeString to_icu(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                       static_cast<int32_t>(text.size()));
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string result(static_cast<size_t>(text.countChar32()), U'\0');
  UErrorCode error = U_ZERO_ERROR;
  text.toUTF32(reinterpret_cast<UChar32*>(result.data()), static_cast<int32_t>(result.size()), error);
  return result;
}

std::u32string normalize(const icu::Normalizer2* form, std::u32string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  auto result = from_icu(form->normalize(to_icu(text), error));
  if (U_FAILURE(error)) throw std::runtime_error(std::string("Unicode normalization failed: ") + u_errorName(error));
  return result;
}

const icu::Normalizer2* form(const icu::Normalizer2* (*get)(UErrorCode&)) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* result = get(error);
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU has no normalization data: ") + u_errorName(error));
  return result;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < size;) {
    UChar32 character;
    U8_NEXT_OR_FFFD(text.data(), i, size, character);
    result += static_cast<char32_t>(character);
  }
  return result;
}

std::string encode_utf8(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char32_t character : text) {
    char bytes[U8_MAX_LENGTH];
    int length = 0;
    const bool valid = character <= 0x10FFFF && !U_IS_SURROGATE(character);
    U8_APPEND_UNSAFE(bytes, length, valid ? character : U'\uFFFD');
    result.append(bytes, static_cast<size_t>(length));
  }
  return result;
}

std::u32string to_nfc(std::u32string_view text) {
  return normalize(form(icu::Normalizer2::getNFCInstance), text);
}

std::u32string to_nfkc(char32_t character) {
  return normalize(form(icu::Normalizer2::getNFKCInstance), std::u32string_view(&character, 1));
}

std::u32string to_lower(std::u32string_view text) {
  return from_icu(to_icu(text).toLower(icu::Locale::getRoot()));
}

std::u32string to_upper(std::u32string_view text) {
  return from_icu(to_icu(text).toUpper(icu::Locale::getRoot()));
}

bool is_space(char32_t character) {
  return u_isUWhiteSpace(static_cast<UChar32>(character)) != 0;
}

bool is_letter(char32_t character) {
  return (U_GET_GC_MASK(static_cast<UChar32>(character)) & U_GC_L_MASK) != 0;
}

bool is_number(char32_t character) {
  return (U_GET_GC_MASK(static_cast<UChar32>(character)) & U_GC_N_MASK) != 0;
}

bool is_digit(char32_t character) {
  return u_isdigit(static_cast<UChar32>(character)) != 0;
}

}  // namespace tvr
