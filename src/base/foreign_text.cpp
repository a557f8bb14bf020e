#include "tvr/base/foreign_text.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "tvr/base/error.h"

namespace tvr {
namespace {

using nlohmann::json;

/// Looks at everything before anything is kept. json::parse() with a callback could refuse as early, but walks over all
/// members of an object again whenever one of them ends: a header of 300,000 arrays took minutes.
class Checker final : public nlohmann::json_sax<json> {
 public:
  Checker(const std::string& where, const JsonLimits& limits) : where_(where), limits_(limits) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_array(size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool start_object(size_t) override { return open(); }
  bool end_object() override { return close(); }
  // json::parse() keeps the last of two values in silence.
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second) fail("names \"" + escaped(name, kMaxQuote) + "\" twice; keep one");
    return true;
  }
  bool parse_error(size_t byte, const std::string&, const json::exception&) override {
    fail("is not valid JSON (byte " + std::to_string(byte) + ")");
  }

 private:
  static constexpr size_t kMaxQuote = 200;

  [[noreturn]] void fail(const std::string& problem) const { throw DataError(where_ + problem + "."); }
  bool count() {
    if (++values_ > limits_.values) fail("holds more than " + std::to_string(limits_.values) + " values");
    return true;
  }
  bool open() {
    names_.emplace_back();
    if (names_.size() > limits_.depth)
      fail("is nested too deeply: more than " + std::to_string(limits_.depth) + " times");
    return count();
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  const std::string& where_;
  const JsonLimits& limits_;
  size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> names_;  // of the objects that are open; lists have none
};

}  // namespace

json parse_json(const std::string& text, const std::string& where, const JsonLimits& limits) {
  // The parser takes a NUL for the end and would not look at what follows.
  if (const auto byte = text.find('\0'); byte != std::string::npos)
    throw DataError(where + "is not valid JSON (byte " + std::to_string(byte + 1) + ").");
  Checker checker(where, limits);
  json::sax_parse(text, &checker);
  auto object = json::parse(text);
  if (!object.is_object()) throw DataError(where + "is not a JSON object.");
  return object;
}

std::string escaped(std::string_view text, size_t limit) {
  using nlohmann::json;
  const auto quoted = json(text.substr(0, limit)).dump(-1, ' ', false, json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2) + (text.size() > limit ? "…" : "");
}

}  // namespace tvr
