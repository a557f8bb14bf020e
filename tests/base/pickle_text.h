#pragma once
#include <string>

#include "tvr/base/pickle.h"

namespace tvr::test {

std::string text_of(PickleRef value);

inline std::string joined(const std::vector<PickleRef>& items) {
  std::string text;
  for (const PickleRef item : items) text += (text.empty() ? "" : ", ") + text_of(item);
  return text;
}

inline std::string hexadecimal(const std::string& bytes) {
  std::string text = "x";
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

struct PickleText {
  std::string operator()(const PickleNone&) const { return "None"; }
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(const PickleBigInteger& value) const { return "big " + hexadecimal(value.bytes); }
  std::string operator()(double value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return "'" + value + "'"; }
  std::string operator()(const PickleBytes& value) const { return hexadecimal(value.bytes); }
  std::string operator()(const PickleSequence& value) const {
    static const char* const kBegin[] = {"[", "(", "set{", "frozenset{"};
    static const char* const kEnd[] = {"]", ")", "}", "}"};
    const auto kind = static_cast<size_t>(value.kind);
    return kBegin[kind] + joined(value.items) + kEnd[kind];
  }
  std::string operator()(const PickleMap& value) const {
    std::string text;
    for (const auto& [key, item] : value.items)
      text += (text.empty() ? "" : ", ") + text_of(key) + ": " + text_of(item);
    return "{" + text + "}";
  }
  std::string operator()(const PickleGlobal& value) const { return "<" + value.name + ">"; }
  std::string operator()(const PickleObject& value) const {
    auto text = text_of(value.function) + text_of(value.arguments);
    if (value.keywords != nullptr) text += " keywords " + text_of(value.keywords);
    if (value.state != nullptr) text += " state " + text_of(value.state);
    if (value.items != nullptr) text += " items " + text_of(value.items);
    return text;
  }
  std::string operator()(const PicklePersistent& value) const { return "persistent " + text_of(value.id); }
};

/// A value as Python would show it, or nearly.
inline std::string text_of(PickleRef value) {
  return std::visit(PickleText{}, value->value);
}

}  // namespace tvr::test
