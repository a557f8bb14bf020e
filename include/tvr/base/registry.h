#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {

/// Name -> entry (a factory, usually). An ordinary value: build one, pass it, test it. Never filled by static
/// initialisers, which linkers drop from static libraries.
template <class Entry>
class Registry {
 public:
  /// `what` names the kind in messages: "head", "video encoder".
  explicit Registry(std::string what) : what_(std::move(what)) {}

  /// Throws std::logic_error if `name` is taken.
  void add(const std::string& name, Entry entry) {
    if (!entries_.emplace(name, std::move(entry)).second)
      throw std::logic_error(what_ + " '" + name + "' is registered twice");
  }
  /// Throws ConfigError, with the nearest known name, if `name` is unknown.
  const Entry& at(const std::string& name) const {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) throw ConfigError(unknown_name_message(what_, name, names()));
    return entry->second;
  }
  bool has(const std::string& name) const { return entries_.count(name) > 0; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, entry] : entries_) result.push_back(name);
    return result;
  }
  const std::string& what() const { return what_; }

 private:
  std::string what_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tvr
