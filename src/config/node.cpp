#include "tvr/config/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tvr/base/names.h"
#include "tvr/config/options.h"
#include "value.h"

namespace tvr {
namespace {

using Kind = ConfigValue::Kind;

// YAML 1.2 booleans only: yes/no/on/off are a known trap.
bool convert(const ConfigValue& value, bool& out) {
  if (value.kind != Kind::kScalar || value.quoted || (value.scalar != "true" && value.scalar != "false")) return false;
  out = value.scalar == "true";
  return true;
}
bool convert(const ConfigValue& value, int64_t& out) {
  if (value.kind != Kind::kScalar || value.quoted) return false;
  const auto* end = value.scalar.data() + value.scalar.size();
  const auto result = std::from_chars(value.scalar.data(), end, out);
  return result.ec == std::errc() && result.ptr == end;
}
bool convert(const ConfigValue& value, double& out) {
  if (value.kind != Kind::kScalar || value.quoted) return false;
  const auto* end = value.scalar.data() + value.scalar.size();
  const auto result = std::from_chars(value.scalar.data(), end, out);
  return result.ec == std::errc() && result.ptr == end && std::isfinite(out);
}
bool convert(const ConfigValue& value, std::string& out) {
  if (value.kind != Kind::kScalar) return false;
  out = value.scalar;
  return true;
}

const char* type_name(const bool&) {
  return "true or false";
}
const char* type_name(const int64_t&) {
  return "an integer";
}
const char* type_name(const double&) {
  return "a number";
}
const char* type_name(const std::string&) {
  return "text";
}

std::string shown(const ConfigValue& value) {
  switch (value.kind) {
    case Kind::kScalar:
      return "'" + value.scalar + "'";
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a section";
    case Kind::kNull:
      break;
  }
  return "nothing";
}

template <class T>
bool is_absent_path(const Constraint&, const T&) {
  return false;
}
bool is_absent_path(const Constraint& constraint, const std::string& value) {
  return constraint.exists && !value.empty() && !std::filesystem::exists(value);
}

std::string broken(const Constraint& constraint, double value) {
  const bool good = (!constraint.low || value >= *constraint.low) && (!constraint.high || value <= *constraint.high);
  return good ? "" : fmt::format("{} is out of range; it must be {}", value, constraint.text());
}
std::string broken(const Constraint& constraint, const std::string& value) {
  if (is_absent_path(constraint, value)) return "there is no file or folder '" + value + "'";
  const auto& choices = constraint.choices;
  const bool good = choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end();
  return good ? "" : unknown_name_message("value", value, choices);
}
std::string broken(const Constraint& constraint, int64_t value) {
  return broken(constraint, static_cast<double>(value));
}
std::string broken(const Constraint&, bool) {
  return "";
}

template <class T>
ConfigValue scalar_value(const T& value) {
  ConfigValue result;
  result.kind = Kind::kScalar;
  result.scalar = detail::option_text(value);
  if constexpr (std::is_same_v<T, std::string>) {
    bool flag = false;
    double number = 0;
    result.quoted = convert(result, flag) || convert(result, number);  // text that looks like something else
  }
  return result;
}

std::string dotted(const std::string& path, const std::string& key) {
  return path.empty() || key.empty() ? path + key : path + "." + key;
}

// A malformed one is an error like others, so that it does not hide them.
void apply_overrides(ConfigDocument& document, const std::vector<std::string>& overrides) {
  for (const auto& assignment : overrides) {
    try {
      apply_override(document.root, assignment);
    } catch (const ConfigError& error) {
      document.errors.emplace_back(error.what());
    }
  }
}

ConfigValue& effective_place(ConfigDocument& document, const std::string& path) {
  auto* place = &document.effective;
  for (size_t begin = 0; begin < path.size();) {
    const auto end = std::min(path.find('.', begin), path.size());
    place = &(*place)[path.substr(begin, end - begin)];
    begin = end + 1;
  }
  return *place;
}

}  // namespace

std::string Constraint::text() const {
  if (!choices.empty()) return "one of " + join(choices, ", ");
  if (low && high) return fmt::format("within {} and {}", *low, *high);
  if (low) return fmt::format("at least {}", *low);
  return exists ? "an existing path" : "";
}
Constraint at_least(double low) {
  return {.low = low};
}
Constraint within(double low, double high) {
  return {.low = low, .high = high};
}
Constraint one_of(std::vector<std::string> choices) {
  return {.choices = std::move(choices)};
}
Constraint existing() {
  return {.exists = true};
}

ConfigNode::ConfigNode(std::shared_ptr<ConfigDocument> document, const ConfigValue* value, std::string path)
    : document_(std::move(document)), value_(value), path_(std::move(path)) {}

ConfigNode ConfigNode::load(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  auto document = std::make_shared<ConfigDocument>();
  document->root = load_yaml(file);
  apply_overrides(*document, overrides);
  return {document, &document->root, ""};
}

ConfigNode ConfigNode::parse(const std::string& yaml, const std::string& origin,
                             const std::vector<std::string>& overrides) {
  auto document = std::make_shared<ConfigDocument>();
  document->root = parse_yaml(yaml, origin);
  apply_overrides(*document, overrides);
  return {document, &document->root, ""};
}

const ConfigValue* ConfigNode::find(const std::string& key) const {
  const auto* value = value_ == nullptr ? nullptr : value_->find(key);
  return value == nullptr || value->kind == Kind::kNull ? nullptr
                                                        : value;  // "key:" with nothing behind it means the default
}

bool ConfigNode::has(const std::string& key) const {
  return find(key) != nullptr;
}

std::vector<std::string> ConfigNode::keys() const {
  std::vector<std::string> result;
  if (value_ != nullptr)
    for (const auto& [key, value] : value_->entries) result.push_back(key);
  return result;
}

std::string ConfigNode::where(const std::string& key) const {
  const auto* value = value_ == nullptr || key.empty() ? value_ : value_->find(key);
  if (value == nullptr) value = value_ == nullptr ? &document_->root : value_;
  const auto full = dotted(path_, key);
  return full.empty() ? value->origin : value->origin + ": " + full;
}

ConfigNode ConfigNode::child(const std::string& key) const {
  const auto* value = find(key);
  if (value != nullptr && value->kind != Kind::kMapping) {
    error(key, "is " + shown(*value) + ", a section is needed");
    value = nullptr;
  }
  return {document_, value, dotted(path_, key)};
}

std::vector<ConfigNode> ConfigNode::children(const std::string& key) const {
  std::vector<ConfigNode> result;
  const auto* value = find(key);
  if (value == nullptr) return result;
  if (value->kind != Kind::kSequence) {
    error(key, "is " + shown(*value) + ", a list of sections is needed");
    return result;
  }
  for (size_t i = 0; i < value->elements.size(); ++i) {
    if (value->elements[i].kind == Kind::kMapping)
      result.push_back({document_, &value->elements[i], fmt::format("{}[{}]", dotted(path_, key), i)});
    else
      error(key, fmt::format("element {} is {}, a section is needed", i, shown(value->elements[i])));
  }
  return result;
}

template <class T>
void ConfigNode::read_scalar(const std::string& key, T& value, const Constraint& constraint) const {
  if (const auto* found = find(key)) {
    T converted{};
    if (!convert(*found, converted)) {
      error(key, shown(*found) + " is not " + type_name(value));
    } else if (const auto message = broken(constraint, converted);
               !message.empty() && !(document_->absent_paths && is_absent_path(constraint, converted))) {
      error(key, message);
    } else {
      value = converted;
    }
  }
  effective_place(*document_, dotted(path_, key)) = scalar_value(value);
}

template <class T>
void ConfigNode::read_list(const std::string& key, std::vector<T>& value, const Constraint& constraint) const {
  if (const auto* found = find(key)) {
    std::vector<T> list;
    std::string message =
        found->kind == Kind::kSequence ? "" : "is " + shown(*found) + ", a list is needed, such as [a, b]";
    for (const auto& element : found->elements) {
      T item{};
      if (!convert(element, item))
        message = shown(element) + " is not " + type_name(item);
      else if (const auto problem = broken(constraint, item); !problem.empty())
        message = problem;
      list.push_back(item);
    }
    if (message.empty())
      value = list;
    else
      error(key, message);
  }
  ConfigValue effective;
  effective.kind = Kind::kSequence;
  for (const auto& item : value) effective.elements.push_back(scalar_value(item));
  effective_place(*document_, dotted(path_, key)) = effective;
}

void ConfigNode::read(const std::string& key, bool& value, const Constraint& constraint) const {
  read_scalar(key, value, constraint);
}
void ConfigNode::read(const std::string& key, int64_t& value, const Constraint& constraint) const {
  read_scalar(key, value, constraint);
}
void ConfigNode::read(const std::string& key, double& value, const Constraint& constraint) const {
  read_scalar(key, value, constraint);
}
void ConfigNode::read(const std::string& key, std::string& value, const Constraint& constraint) const {
  read_scalar(key, value, constraint);
}
void ConfigNode::read(const std::string& key, std::vector<int64_t>& value, const Constraint& constraint) const {
  read_list(key, value, constraint);
}
void ConfigNode::read(const std::string& key, std::vector<double>& value, const Constraint& constraint) const {
  read_list(key, value, constraint);
}
void ConfigNode::read(const std::string& key, std::vector<std::string>& value, const Constraint& constraint) const {
  read_list(key, value, constraint);
}

void ConfigNode::read(const std::string& key, std::map<std::string, double>& value,
                      const Constraint& constraint) const {
  const auto node = child(key);
  if (has(key)) value.clear();
  for (const auto& name : node.keys()) node.read(name, value[name], constraint);
  auto& place = effective_place(*document_, dotted(path_, key));
  place = {};
  place.kind = Kind::kMapping;
  for (const auto& [name, number] : value) place[name] = scalar_value(number);
}

void ConfigNode::check_keys(const std::vector<std::string>& known) const {
  for (const auto& key : keys())
    if (std::find(known.begin(), known.end(), key) == known.end()) error(key, unknown_name_message("key", key, known));
}

void ConfigNode::error(const std::string& key, const std::string& message) const {
  const auto place = where(key);
  const auto whole = place.empty() ? message : place + ": " + message;
  auto& errors = document_->errors;  // several readers of one key find the same
  if (std::find(errors.begin(), errors.end(), whole) == errors.end()) errors.push_back(whole);
}

void ConfigNode::accept_absent_paths() const {
  document_->absent_paths = true;
}

bool ConfigNode::has_errors() const {
  return !document_->errors.empty();
}

void ConfigNode::finish() const {
  if (has_errors()) throw ConfigError(join(document_->errors, "\n"));
}

std::string ConfigNode::effective_yaml() const {
  return dump_yaml(document_->effective);
}

}  // namespace tvr
