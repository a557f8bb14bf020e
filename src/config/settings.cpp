#include "tvr/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "tvr/base/names.h"
#include "value.h"

namespace tvr {
namespace {

using Kind = ConfigValue::Kind;

// Double quotes with YAML's escapes; bytes of UTF-8 stay as they are.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\x{:02x}", static_cast<int>(c));
    else
      result += c;
  }
  return result + "\"";
}

// Only a plain scalar that means the same inside brackets stays without quotes.
bool plain(const ConfigValue& value) {
  const auto& text = value.scalar;
  const auto harmless = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_-+./").find(c) != std::string_view::npos;
  };
  return !value.quoted && !text.empty() && std::all_of(text.begin(), text.end(), harmless) && text != "-";
}

std::string scalar_text(const ConfigValue& value) {
  return plain(value) ? value.scalar : quoted(value.scalar);
}

std::string one_line(const ConfigValue& value) {
  std::vector<std::string> parts;
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kScalar:
      return scalar_text(value);
    case Kind::kSequence:
      for (const auto& element : value.elements) parts.push_back(one_line(element));
      return "[" + join(parts, ", ") + "]";
    case Kind::kMapping:
      break;
  }
  for (const auto& [key, entry] : value.entries) parts.push_back(quoted(key) + ": " + one_line(entry));
  return "{" + join(parts, ", ") + "}";
}

// 0.003 and 3.0e-3 are one number.
std::string normalised(const ConfigValue& value) {
  double number = 0;
  const auto* end = value.scalar.data() + value.scalar.size();
  const auto result = std::from_chars(value.scalar.data(), end, number);
  const bool is_number = !value.quoted && result.ec == std::errc() && result.ptr == end;
  return is_number ? fmt::format("{}", number) : quoted(value.scalar);
}

void append_canonical(std::string& text, const ConfigValue& value, const std::string& path,
                      const std::vector<std::string>& without) {
  if (value.kind == Kind::kNull || std::find(without.begin(), without.end(), path) != without.end()) return;
  if (value.kind == Kind::kScalar) {
    text += path + " = " + normalised(value) + "\n";
  } else if (value.kind == Kind::kSequence) {
    text += path + " = list of " + std::to_string(value.elements.size()) + "\n";
    for (size_t i = 0; i < value.elements.size(); ++i)
      append_canonical(text, value.elements[i], path + "[" + std::to_string(i) + "]", without);
  } else {
    std::vector<const std::pair<std::string, ConfigValue>*> entries;
    for (const auto& entry : value.entries) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* entry : entries)
      append_canonical(text, entry->second, path.empty() ? entry->first : path + "." + entry->first, without);
  }
}

}  // namespace

SettingsFile::SettingsFile(const std::string& yaml, const std::string& origin)
    : root_(std::make_shared<ConfigValue>(parse_yaml(yaml, origin))) {}

const ConfigValue* SettingsFile::at(const Place& place) const {
  const auto* value = root_.get();
  for (const auto& step : place) {
    if (value->kind == Kind::kSequence) {
      size_t index = 0;
      std::from_chars(step.data(), step.data() + step.size(), index);
      value = index < value->elements.size() ? &value->elements[index] : nullptr;
    } else {
      value = value->find(step);
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

std::vector<Setting> SettingsFile::settings(const Place& place) const {
  std::vector<Setting> result;
  if (const auto* value = at(place))
    for (const auto& [key, entry] : value->entries) result.push_back({key, one_line(entry), entry.origin});
  return result;
}

std::vector<std::string> SettingsFile::elements(const Place& place) const {
  std::vector<std::string> result;
  if (const auto* value = at(place))
    for (const auto& element : value->elements) result.push_back(one_line(element));
  return result;
}

void order_settings(std::vector<Setting>& settings) {
  const auto rank = [](const Setting& setting) {
    const bool type = setting.key == "type" || setting.key.ends_with(".type");
    return std::tuple(std::count(setting.key.begin(), setting.key.end(), '.'), !type, setting.key);
  };
  std::stable_sort(settings.begin(), settings.end(),
                   [&](const Setting& a, const Setting& b) { return rank(a) < rank(b); });
}

std::string canonical_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                             const std::vector<std::string>& without, const std::vector<std::string>& sections) {
  auto root = load_yaml(file);
  for (const auto& assignment : overrides) apply_override(root, assignment);
  if (!sections.empty())
    std::erase_if(root.entries, [&](const auto& entry) {
      return std::find(sections.begin(), sections.end(), entry.first) == sections.end();
    });
  std::string text;
  append_canonical(text, root, "", without);
  return text;
}

}  // namespace tvr
