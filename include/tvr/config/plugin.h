#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/registry.h"
#include "tvr/config/options.h"

namespace tvr {

/// A kind of component chosen by `type:` in YAML. Reading its options and building it are two steps, so that all errors
/// of a configuration are known before any work starts.
template <class Base, class... Context>
struct Plugin {
  using Builder = std::function<std::shared_ptr<Base>(const Context&...)>;
  std::function<Builder(const ConfigNode&)> read;  ///< collects errors in the node's document
  std::function<std::vector<OptionHelp>()> help;
};
template <class Base, class... Context>
using PluginRegistry = Registry<Plugin<Base, Context...>>;

/// The plug-in whose Implementation is constructed from (Options, Context...).
template <class Implementation, class Options, class Base, class... Context>
Plugin<Base, Context...> make_plugin() {
  return {[](const ConfigNode& node) -> typename Plugin<Base, Context...>::Builder {
            const auto options = read_options<Options>(node, {"type"});
            return
                [options](const Context&... context) { return std::make_shared<Implementation>(options, context...); };
          },
          [] { return describe_options<Options>(); }};
}

/// Reads the component under `key` of `parent`: its `type` (or `default_type`), then that type's options. An unknown
/// type is collected as an error, with the nearest known name; the builder returned then is empty and must not be
/// called.
template <class Base, class... Context>
typename Plugin<Base, Context...>::Builder read_plugin(const PluginRegistry<Base, Context...>& registry,
                                                       const ConfigNode& parent, const std::string& key,
                                                       const std::string& default_type) {
  const auto node = parent.child(key);
  std::string type = default_type;
  node.read("type", type);
  if (!registry.has(type)) {
    node.error("type", unknown_name_message(registry.what(), type, registry.names()));
    return {};
  }
  return registry.at(type).read(node);
}

/// --help of every type of a registry, under "section.{type: NAME}".
template <class Base, class... Context>
std::string format_plugins(const PluginRegistry<Base, Context...>& registry, const std::string& section) {
  std::string text;
  for (const auto& name : registry.names())
    text += format_options(section + " {type: " + name + "}", registry.at(name).help());
  return text;
}

}  // namespace tvr
