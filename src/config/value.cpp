#include "value.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMaxValues = 100'000;  // aliases can blow up a small file exponentially
constexpr int kMaxDepth = 32;
constexpr size_t kMaxFiles = 64;

ConfigValue convert(const YAML::Node& node, const std::string& origin, int64_t& count, int depth) {
  ConfigValue value;
  value.origin = origin + ":" + std::to_string(node.Mark().line + 1);
  if (++count > kMaxValues || depth > kMaxDepth)
    throw ConfigError(value.origin + ": the configuration is nested too deeply or has more than 100000 values.");
  if (node.IsScalar()) {
    value.kind = ConfigValue::Kind::kScalar;
    value.scalar = node.Scalar();
    value.quoted = node.Tag() == "!";
  } else if (node.IsSequence()) {
    value.kind = ConfigValue::Kind::kSequence;
    for (const auto& element : node) value.elements.push_back(convert(element, origin, count, depth + 1));
  } else if (node.IsMap()) {
    value.kind = ConfigValue::Kind::kMapping;
    std::set<std::string> keys;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw ConfigError(value.origin + ": a key must be a plain name.");
      const auto& key = entry.first.Scalar();
      if (!keys.insert(key).second)
        throw ConfigError(origin + ":" + std::to_string(entry.first.Mark().line + 1) + ": key '" + key +
                          "' is given twice; keep one.");
      value.entries.emplace_back(key, convert(entry.second, origin, count, depth + 1));
    }
  }
  return value;
}

// `open`: the chain that led here; `read`: files read so far, each as often as it is extended.
ConfigValue load_with_extends(const fs::path& file, std::vector<fs::path>& open, size_t& read) {
  std::error_code error;
  auto canonical = fs::weakly_canonical(file, error);
  if (error) canonical = fs::absolute(file);  // a pipe of the shell has no path of its own
  if (std::find(open.begin(), open.end(), canonical) != open.end())
    throw ConfigError(file.string() + ": extends itself, directly or through another file; break the circle.");
  if (++read > kMaxFiles) throw ConfigError(file.string() + ": more than 64 files extend each other.");
  if (!fs::exists(file))
    throw ConfigError(file.string() + ": no such configuration file" +
                      (open.empty() ? "." : "; " + open.back().string() + " extends it."));
  if (!fs::is_regular_file(file) && !fs::is_fifo(file)) throw ConfigError(file.string() + ": is not a file.");
  open.push_back(canonical);
  auto own = parse_yaml(read_file(file), file.string());
  ConfigValue merged;
  merged.kind = ConfigValue::Kind::kMapping;
  merged.origin = own.origin;
  if (const auto* extends = own.find("extends")) {
    if (extends->kind != ConfigValue::Kind::kSequence)
      throw ConfigError(extends->origin + ": extends: must be a list of files.");
    for (const auto& base : extends->elements)
      merge_values(merged, load_with_extends(file.parent_path() / base.scalar, open, read));
    std::erase_if(own.entries, [](const auto& entry) { return entry.first == "extends"; });
  }
  merge_values(merged, own);
  open.pop_back();
  return merged;
}

void emit(YAML::Emitter& out, const ConfigValue& value) {
  switch (value.kind) {
    case ConfigValue::Kind::kNull:
      out << YAML::Null;
      break;
    case ConfigValue::Kind::kScalar:
      if (value.quoted) out << YAML::DoubleQuoted;
      out << value.scalar;
      break;
    case ConfigValue::Kind::kSequence:
      out << YAML::Flow << YAML::BeginSeq;
      for (const auto& element : value.elements) emit(out, element);
      out << YAML::EndSeq;
      break;
    case ConfigValue::Kind::kMapping:
      if (value.entries.empty()) out << YAML::Flow;
      out << YAML::BeginMap;
      for (const auto& [key, entry] : value.entries) {
        out << YAML::Key << key << YAML::Value;
        emit(out, entry);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

const ConfigValue* ConfigValue::find(const std::string& key) const {
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == key; });
  return entry == entries.end() ? nullptr : &entry->second;
}

ConfigValue& ConfigValue::operator[](const std::string& key) {
  kind = Kind::kMapping;
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == key; });
  if (entry != entries.end()) return entry->second;
  entries.emplace_back(key, ConfigValue{});
  return entries.back().second;
}

ConfigValue parse_yaml(const std::string& text, const std::string& origin) {
  try {
    int64_t count = 0;
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1)
      throw ConfigError(origin + ": holds " + std::to_string(documents.size()) + " YAML documents ('---'); keep one.");
    auto value = convert(documents.empty() ? YAML::Node() : documents[0], origin, count, 0);
    if (value.kind == ConfigValue::Kind::kNull) value.kind = ConfigValue::Kind::kMapping;
    if (value.kind != ConfigValue::Kind::kMapping)
      throw ConfigError(origin + ":1: the file must hold sections, such as 'run:'.");
    return value;
  } catch (const YAML::Exception& error) {
    throw ConfigError(origin + ":" + std::to_string(error.mark.line + 1) + ": is not valid YAML: " + error.msg + ".");
  }
}

ConfigValue load_yaml(const fs::path& file) {
  std::vector<fs::path> open;
  size_t read = 0;
  return load_with_extends(file, open, read);
}

void merge_values(ConfigValue& base, const ConfigValue& overlay) {
  using Kind = ConfigValue::Kind;
  const auto* type = overlay.find("type");
  const auto* old_type = base.find("type");
  const bool other_type = type != nullptr && old_type != nullptr && type->scalar != old_type->scalar;
  if (base.kind != Kind::kMapping || overlay.kind != Kind::kMapping || other_type) {
    base = overlay;
    return;
  }
  base.origin = overlay.origin;
  for (const auto& [key, value] : overlay.entries) {
    if (base.find(key) == nullptr)
      base[key] = value;
    else
      merge_values(base[key], value);
  }
}

void apply_override(ConfigValue& root, const std::string& assignment) {
  const auto equals = assignment.find('=');
  const std::string origin = "command line";
  if (assignment.starts_with("-") || equals == std::string::npos || equals == 0)
    throw ConfigError(origin + ": '" + assignment + "' is not of the form key.sub=value.");
  ConfigValue overlay;
  auto* place = &overlay;
  std::string path = assignment.substr(0, equals);
  if (path == "extends" || path.starts_with("extends."))
    throw ConfigError(origin + ": extends cannot be overridden; write a configuration that extends the files.");
  for (size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('.', begin), path.size());
    if (end == begin) throw ConfigError(origin + ": '" + path + "' has an empty part between its dots.");
    place->origin = origin;
    place = &(*place)[path.substr(begin, end - begin)];
    begin = end + 1;
  }
  try {
    int64_t count = 0;
    const auto text = assignment.substr(equals + 1);
    *place = convert(text.empty() ? YAML::Node("") : YAML::Load(text), origin, count, 0);  // "key=" is empty text
  } catch (const YAML::Exception& error) {
    throw ConfigError(origin + ": the value of '" + path + "' is not valid YAML: " + error.msg + ".");
  }
  place->origin = origin;
  merge_values(root, overlay);
}

std::string dump_yaml(const ConfigValue& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace tvr
