#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tvr/base/pickle.h"

// How pickles spell numbers and texts. Each function returns nothing for what is malformed.
namespace tvr {

/// Decimal digits with a sign, as the old protocols write integers (without the L). At most 38 digits.
std::optional<PickleValue> integer_of_text(std::string_view text);
/// Two's complement, little-endian, of any length.
PickleValue integer_of_bytes(std::string_view bytes);
std::optional<double> double_of_text(std::string_view text);

/// A byte string as Python's repr() writes it, in quotes and with escapes.
std::optional<std::string> unquoted(std::string_view text);
/// Latin-1 with \uXXXX and \UXXXXXXXX, to UTF-8.
std::optional<std::string> text_of_raw_unicode_escape(std::string_view text);
/// A text if the bytes are UTF-8, else bytes.
PickleValue text_or_bytes(std::string_view bytes);

}  // namespace tvr
