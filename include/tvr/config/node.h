#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tvr/base/error.h"

namespace tvr {

/// What values a field accepts beyond its type; empty: all.
struct Constraint {
  std::optional<double> low = std::nullopt, high = std::nullopt;
  std::vector<std::string> choices = {};
  bool exists = false;       ///< text that is not empty must name an existing file or folder
  std::string text() const;  ///< "at least 1", "within 0 and 1", "one of a, b", "an existing path", or ""
};
Constraint at_least(double low);
Constraint within(double low, double high);
Constraint one_of(std::vector<std::string> choices);
Constraint existing();

struct ConfigDocument;
struct ConfigValue;

/// One mapping of a YAML configuration that knows its file, lines and dotted path. yaml-cpp stays behind this header.
///
/// Reading never throws for a wrong setting: errors are collected in the document that all nodes of a file share, and
/// finish() throws them together. Every value read, or left at its default, is recorded for effective_yaml().
/// Components see their Options, never a ConfigNode. Copies refer to the same document. Not thread-safe.
class ConfigNode {
 public:
  /// Reads `file`, the files its `extends: [..]` names (relative to it, merged in order, its own keys last), then
  /// applies `overrides` ("a.b=value", the value is YAML). A mapping whose `type` changes replaces the inherited one
  /// whole, so that no option of another type stays behind. Throws ConfigError for unreadable or malformed files,
  /// naming file and line; at most 64 files, 100,000 values.
  static ConfigNode load(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});
  static ConfigNode parse(const std::string& yaml, const std::string& origin = "<string>",
                          const std::vector<std::string>& overrides = {});

  bool has(const std::string& key) const;
  std::vector<std::string> keys() const;
  /// The mapping under `key`; an empty one if absent, an error if it is something else.
  ConfigNode child(const std::string& key) const;
  /// The mappings of the list under `key`; none if absent, an error if it is something else.
  std::vector<ConfigNode> children(const std::string& key) const;
  /// "configs/x.yaml:12: model.head.depth"; without a key, the mapping itself.
  std::string where(const std::string& key = "") const;
  const std::string& path() const { return path_; }

  // Each leaves `value` alone if `key` is absent and collects an error if it does not convert or breaks the constraint.
  void read(const std::string& key, bool& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, int64_t& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, double& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, std::string& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, std::vector<int64_t>& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, std::vector<double>& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, std::vector<std::string>& value, const Constraint& constraint = {}) const;
  void read(const std::string& key, std::map<std::string, double>& value, const Constraint& constraint = {}) const;

  /// Collects an error for every key that is not among `known`, with the nearest known name.
  void check_keys(const std::vector<std::string>& known) const;
  /// Collects "file:line: path.key: message".
  void error(const std::string& key, const std::string& message) const;
  /// Throws ConfigError with every collected error, one a line, if there is any.
  void finish() const;
  bool has_errors() const;
  /// Paths that are not there are no errors from now on: settings can be checked before data and weights have come.
  void accept_absent_paths() const;

  /// Everything read so far as YAML, defaults written out, in reading order.
  std::string effective_yaml() const;

 private:
  ConfigNode(std::shared_ptr<ConfigDocument> document, const ConfigValue* value, std::string path);
  const ConfigValue* find(const std::string& key) const;
  template <class T>
  void read_scalar(const std::string& key, T& value, const Constraint& constraint) const;
  template <class T>
  void read_list(const std::string& key, std::vector<T>& value, const Constraint& constraint) const;

  std::shared_ptr<ConfigDocument> document_;
  const ConfigValue* value_;  ///< in document_; nullptr: absent, all defaults
  std::string path_;
};

}  // namespace tvr
