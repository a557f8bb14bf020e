#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tvr {

struct ConfigValue;

/// A setting that is handed on without being understood: "key.sub" and its value as one line of YAML.
struct Setting {
  std::string key, value;
  std::string origin;                                     ///< "file:line"
  std::string text() const { return key + "=" + value; }  ///< as overrides are written
};

/// Settings inside a file that is read by its own rules, such as those of a table's rows. yaml-cpp stays behind this
/// header.
class SettingsFile {
 public:
  /// Reads the text of a file, called `origin` in messages; `extends` is not followed. Throws ConfigError for what is
  /// no YAML.
  SettingsFile(const std::string& yaml, const std::string& origin);

  /// Keys of mappings and positions in lists, from the root: {"rows", "2", "set"}.
  using Place = std::vector<std::string>;
  /// The entries of the mapping at `place`, in file order; none if there is no mapping.
  std::vector<Setting> settings(const Place& place) const;
  /// The elements of the list at `place`, each as one line of YAML; none if there is no list.
  std::vector<std::string> elements(const Place& place) const;

 private:
  const ConfigValue* at(const Place& place) const;
  std::shared_ptr<const ConfigValue> root_;
};

/// Orders overrides so that none undoes another whatever order they were written in: sections before what is inside
/// them, and a `type`, which replaces a section, before its neighbours.
void order_settings(std::vector<Setting>& settings);

/// What a configuration says after its `extends` and `overrides`, written in one way only: keys sorted, numbers
/// normalised, comments gone, `without` (keys with dots) left out. `sections` (all if empty) are the ones kept. Equal
/// for configurations that say the same; defaults are not part of it. Throws ConfigError.
std::string canonical_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                             const std::vector<std::string>& without = {},
                             const std::vector<std::string>& sections = {});

}  // namespace tvr
