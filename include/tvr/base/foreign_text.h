#pragma once
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

// Text of files that others wrote.
namespace tvr {

/// For a message: control characters and bad UTF-8 escaped, cut after `limit` bytes.
std::string escaped(std::string_view text, size_t limit = 100);

/// How large a JSON text of a foreign file may be; its length in bytes is the caller's to bound.
struct JsonLimits {
  size_t depth = 50;
  size_t values = 1'000'000;  ///< numbers, texts, lists and objects together: one can take 50 times its bytes
};

/// Parses a JSON object. Throws DataError beginning with `where` ("weights.pt: the header "): malformed, with the byte;
/// no object, beyond the limits, a name twice in one object. Takes time in proportion to the text, whatever it holds.
nlohmann::json parse_json(const std::string& text, const std::string& where, const JsonLimits& limits = {});

}  // namespace tvr
