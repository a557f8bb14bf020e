#include "tvr/data/annotation_json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "tvr/base/error.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

// The line that the parser has reached. It reads one character beyond a number, so a newline counts only once the
// character behind it is read.
struct LineCounter {
  int64_t line = 1;
  bool after_newline = false;
  void read(char c) {
    line += after_newline;
    after_newline = c == '\n';
  }
};

class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, LineCounter* counter) : at_(at), counter_(counter) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    counter_->read(*at_++);
    return *this;
  }
  CountingIterator operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  LineCounter* counter_;
};

// "unexpected end of input" of nlohmann's "[json.exception…] parse error at line 1, column 2: syntax error while …:
// unexpected end of input; last read: '…'", whose last part can be as long as the file.
std::string short_reason(std::string reason) {
  if (const auto tail = reason.find("; last read"); tail != std::string::npos) reason.erase(tail);
  if (const auto start = reason.rfind(": "); start != std::string::npos) reason.erase(0, start + 2);
  constexpr size_t kLongest = 120;
  return reason.size() > kLongest ? reason.substr(0, kLongest) : reason;
}

}  // namespace

// Takes the parser's events. nlohmann's parser and this keep their own stacks: nesting costs no stack of the machine.
class JsonBuilder {
 public:
  JsonBuilder(JsonDocument& document, const LineCounter& counter, int64_t first_line)
      : document_(document), counter_(counter), first_line_(first_line) {}

  bool null() {
    add(Type::kNull);
    return true;
  }
  bool boolean(bool value) {
    add(Type::kBoolean).integer = value;
    return true;
  }
  bool number_integer(int64_t value) {
    add(Type::kInteger).integer = value;
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (value <= static_cast<uint64_t>(INT64_MAX)) return number_integer(static_cast<int64_t>(value));
    return number_float(static_cast<double>(value), "");
  }
  bool number_float(double value, const std::string& /*written*/) {
    add(Type::kNumber).number = value;
    return true;
  }
  bool string(const std::string& value) {
    const auto text = keep(value);
    add(Type::kText).text = text;
    return true;
  }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }  // of other formats than JSON
  bool key(const std::string& name) {
    key_ = keep(name);
    auto& seen = open_.back().keys;
    if (!seen.insert(name).second) fail("the key " + in_quotes(name) + " occurs twice in the same object");
    return true;
  }
  bool start_object(size_t /*size*/) { return start(Type::kObject); }
  bool start_array(size_t /*size*/) { return start(Type::kList); }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool parse_error(size_t byte, const std::string& /*token*/, const nlohmann::detail::exception& error) {
    fail("is not valid JSON (byte " + std::to_string(byte) + ": " + short_reason(error.what()) +
         "); the file may be cut short, fetch it again");
  }

 private:
  using Type = JsonDocument::Type;
  struct Open {
    size_t index;
    std::unordered_set<std::string> keys;
  };

  JsonDocument::Value& add(Type type) {
    auto& values = document_.values_;
    if (values.size() == kMostValues) fail("there are more than " + std::to_string(kMostValues) + " values; split it");
    JsonDocument::Value value;
    value.type = type;
    value.line = static_cast<uint32_t>(line());
    value.parent = static_cast<uint32_t>(open_.empty() ? 0 : open_.back().index);
    value.end = static_cast<uint32_t>(values.size() + 1);
    value.key = std::exchange(key_, {});
    values.push_back(value);
    return values.back();
  }
  bool start(Type type) {
    if (open_.size() == JsonDocument::kMaxDepth)
      fail("lists and objects are nested deeper than " + std::to_string(JsonDocument::kMaxDepth) + " levels");
    add(type);
    open_.push_back({document_.values_.size() - 1, {}});
    return true;
  }
  bool end() {
    document_.values_[open_.back().index].end = static_cast<uint32_t>(document_.values_.size());
    open_.pop_back();
    return true;
  }
  JsonDocument::Text keep(const std::string& text) {
    if (text.size() > kLongestText)
      fail("has a text of " + std::to_string(text.size()) +
           " bytes, no id or caption is longer than 1 MiB; this is another kind of file");
    auto& texts = document_.texts_;
    texts += text;
    return {static_cast<uint32_t>(texts.size() - text.size()), static_cast<uint32_t>(text.size())};
  }
  int64_t line() const { return first_line_ + counter_.line - 1; }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(place(document_.origin_, line()) + ": " + what + ".");
  }

  JsonDocument& document_;
  const LineCounter& counter_;
  int64_t first_line_;
  std::vector<Open> open_;
  JsonDocument::Text key_{};
};

JsonDocument::JsonDocument(const fs::path& file) : JsonDocument(read_annotation(file), file.string()) {}

JsonDocument::JsonDocument(std::string_view text, std::string origin, int64_t first_line) : origin_(std::move(origin)) {
  LineCounter counter;
  JsonBuilder builder(*this, counter, first_line);
  nlohmann::json::sax_parse(CountingIterator(text.data(), &counter),
                            CountingIterator(text.data() + text.size(), &counter), &builder);
}

JsonElement JsonDocument::root() const {
  return {this, 0};
}

JsonElement::Iterator& JsonElement::Iterator::operator++() {
  index_ = document_->values_[index_].end;
  return *this;
}

bool JsonElement::is_text() const {
  return value().type == JsonDocument::Type::kText;
}
bool JsonElement::is_list() const {
  return value().type == JsonDocument::Type::kList;
}
bool JsonElement::is_object() const {
  return value().type == JsonDocument::Type::kObject;
}

const JsonElement& JsonElement::list() const {
  if (!is_list()) fail_type("a list is expected");
  return *this;
}

const JsonElement& JsonElement::object() const {
  if (!is_object()) fail_type("an object is expected");
  return *this;
}

std::string_view JsonElement::text() const {
  if (!is_text()) fail_type("text is expected");
  return document_->view(value().text);
}

std::string JsonElement::id() const {
  if (value().type == JsonDocument::Type::kInteger) return std::to_string(value().integer);
  if (!is_text()) fail_type("a number or text is expected");
  if (text().empty()) fail("is empty");
  return std::string(text());
}

double JsonElement::number() const {
  if (value().type == JsonDocument::Type::kInteger) return static_cast<double>(value().integer);
  if (value().type != JsonDocument::Type::kNumber) fail_type("a number is expected");
  return value().number;
}

std::string_view JsonElement::key() const {
  return document_->view(value().key);
}

std::optional<JsonElement> JsonElement::find(const char* name) const {
  for (const auto member : object())
    if (member.key() == name) return member;
  return std::nullopt;
}

JsonElement JsonElement::at(const char* name) const {
  if (const auto member = find(name)) return *member;
  fail("has no '" + std::string(name) + "'");
}

size_t JsonElement::size() const {
  size_t count = 0;
  for (auto element = begin(); element != end(); ++element) ++count;
  return count;
}

std::string JsonElement::path() const {
  if (index_ == 0) return "";
  const JsonElement parent(document_, value().parent);
  if (parent.is_object()) {
    const auto before = parent.path();
    return before + (before.empty() ? "" : ".") + shortened(key());
  }
  size_t position = 0;
  for (auto element = parent.begin(); (*element).index_ != index_; ++element) ++position;
  return parent.path() + "[" + std::to_string(position) + "]";
}

std::string JsonElement::where() const {
  const auto name = path();
  return place(document_->origin_, value().line) + (name.empty() ? "" : ": " + name);
}

std::string JsonElement::where(size_t position) const {
  return place(document_->origin_, value().line) + ": [" + std::to_string(position) + "]";
}

void JsonElement::fail(const std::string& what) const {
  throw DataError(where() + (index_ == 0 ? ": " : " ") + what + ".");
}

void JsonElement::fail_type(const char* expected) const {
  static constexpr const char* kNames[] = {"null", "true or false", "a number", "a number",
                                           "text", "a list",        "an object"};
  fail("is " + std::string(kNames[static_cast<size_t>(value().type)]) + ", " + expected);
}

}  // namespace tvr
