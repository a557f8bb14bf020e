#pragma once
#include <string>
#include <type_traits>
#include <vector>

#include "tvr/config/node.h"

namespace tvr {

// A component's Options struct lists its fields once:
//
//   struct FooOptions {
//     int64_t depth = 2;
//     template <class Visit> void fields(Visit&& f) { f("depth", depth, "Number of blocks", at_least(1)); }
//     std::string validate() const { … }   // optional: "" or what is wrong between fields
//   };
//
// and that is its parser, dumper, validator and help text at once.

/// One line of --help.
struct OptionHelp {
  std::string name, type, default_value, help, constraint;
  std::vector<std::string> choices;  ///< all valid values, where there are few
};

namespace detail {
std::string option_text(bool value);
std::string option_text(int64_t value);
std::string option_text(double value);
std::string option_text(const std::string& value);
std::string option_text(const std::vector<int64_t>& value);
std::string option_text(const std::vector<double>& value);
std::string option_text(const std::vector<std::string>& value);
std::string option_text(const std::map<std::string, double>& value);
template <class T>
std::string option_type() {
  if constexpr (std::is_same_v<T, bool>)
    return "true|false";
  else if constexpr (std::is_same_v<T, int64_t>)
    return "integer";
  else if constexpr (std::is_same_v<T, double>)
    return "number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "text";
  else if constexpr (std::is_same_v<T, std::map<std::string, double>>)
    return "name: number";
  else
    return "list";
}
}  // namespace detail

/// Fills Options from `node`: every key must be a field (or one of `extra`, read by the caller), every value must
/// convert and lie in its range, then validate(). Errors are collected in the node's document.
template <class Options>
Options read_options(const ConfigNode& node, const std::vector<std::string>& extra = {}) {
  Options options;
  std::vector<std::string> known = extra;
  options.fields([&](const char* name, auto& member, const char* /*help*/, const Constraint& constraint = {}) {
    known.emplace_back(name);
    node.read(name, member, constraint);
  });
  node.check_keys(known);
  if constexpr (requires { options.validate(); }) {
    if (const std::string message = options.validate(); !message.empty()) node.error("", message);
  }
  return options;
}

/// What --help prints of an Options struct.
template <class Options>
std::vector<OptionHelp> describe_options() {
  Options options;
  std::vector<OptionHelp> help;
  options.fields([&](const char* name, auto& member, const char* text, const Constraint& constraint = {}) {
    help.push_back({name, detail::option_type<std::decay_t<decltype(member)>>(), detail::option_text(member), text,
                    constraint.text(), constraint.choices});
    if constexpr (std::is_same_v<std::decay_t<decltype(member)>, bool>) help.back().choices = {"true", "false"};
  });
  return help;
}

/// Lines of "  section.name (type, default X): help", aligned for a terminal.
std::string format_options(const std::string& section, const std::vector<OptionHelp>& options);

}  // namespace tvr
