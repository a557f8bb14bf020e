#include "tvr/config/options.h"

#include <fmt/format.h>

namespace tvr {
namespace detail {
namespace {
template <class T>
std::string list_text(const std::vector<T>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + option_text(value);
  return "[" + text + "]";
}
}  // namespace

std::string option_text(bool value) {
  return value ? "true" : "false";
}
std::string option_text(int64_t value) {
  return std::to_string(value);
}
std::string option_text(double value) {
  return fmt::format("{}", value);
}
std::string option_text(const std::string& value) {
  return value;
}
std::string option_text(const std::vector<int64_t>& value) {
  return list_text(value);
}
std::string option_text(const std::vector<double>& value) {
  return list_text(value);
}
std::string option_text(const std::vector<std::string>& value) {
  return list_text(value);
}
std::string option_text(const std::map<std::string, double>& value) {
  std::string text;
  for (const auto& [name, number] : value) text += (text.empty() ? "" : ", ") + name + ": " + option_text(number);
  return "{" + text + "}";
}
}  // namespace detail

std::string format_options(const std::string& section, const std::vector<OptionHelp>& options) {
  std::string text = section + "\n";
  for (const auto& option : options) {
    const auto constraint = option.constraint.empty() ? "" : ", " + option.constraint;
    const auto value = option.default_value.empty() ? "empty" : option.default_value;
    text += fmt::format("  {:<22} {} ({}{}; default {})\n", option.name, option.help, option.type, constraint, value);
  }
  return text;
}

}  // namespace tvr
