#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tvr {

/// A parsed YAML value with its place of origin; what ConfigNode reads from.
struct ConfigValue {
  ConfigValue() = default;  // said because clang 14 asks for it
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  bool quoted = false;  ///< a quoted scalar is text, never a number
  std::string scalar;
  std::vector<ConfigValue> elements;                         ///< kSequence
  std::vector<std::pair<std::string, ConfigValue>> entries;  ///< kMapping, in file order
  std::string origin;                                        ///< "file:line" or "command line"

  const ConfigValue* find(const std::string& key) const;
  ConfigValue& operator[](const std::string& key);  ///< adds an empty entry if absent; makes it a mapping
};

/// The root and what reading it found; shared by all nodes of a configuration.
struct ConfigDocument {
  ConfigValue root;
  ConfigValue effective;
  std::vector<std::string> errors;
  bool absent_paths = false;  ///< are no errors
};

ConfigValue parse_yaml(const std::string& text, const std::string& origin);
ConfigValue load_yaml(const std::filesystem::path& file);               ///< with its `extends`
void merge_values(ConfigValue& base, const ConfigValue& overlay);       ///< overlay wins; see ConfigNode::load
void apply_override(ConfigValue& root, const std::string& assignment);  ///< "a.b=value"
std::string dump_yaml(const ConfigValue& value);

}  // namespace tvr
