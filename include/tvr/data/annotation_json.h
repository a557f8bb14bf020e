#pragma once
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

class JsonElement;

/// A JSON annotation file whose elements know their lines. Takes at most 32 bytes a value beside the texts; nesting
/// costs no stack.
class JsonDocument {
 public:
  /// Throws DataError naming file and line for what is not valid JSON or UTF-8, repeats a key in an object, is nested
  /// deeper than kMaxDepth, has more than kMostValues values or a text beyond kLongestText.
  explicit JsonDocument(const std::filesystem::path& file);
  /// The same for `text`, which begins at line `first_line` of `origin`.
  JsonDocument(std::string_view text, std::string origin, int64_t first_line = 1);
  JsonDocument(const JsonDocument&) = delete;  // elements refer to it
  JsonDocument& operator=(const JsonDocument&) = delete;

  static constexpr size_t kMaxDepth = 100;
  JsonElement root() const;

 private:
  friend class JsonElement;
  friend class JsonBuilder;
  enum class Type : uint8_t { kNull, kBoolean, kInteger, kNumber, kText, kList, kObject };
  struct Text {
    uint32_t begin, size;  // in texts_
  };
  struct Value {
    Type type = Type::kNull;
    uint32_t line = 0, parent = 0, end = 0;  // end: the value after the last inside this one
    Text key{};
    union {
      int64_t integer = 0;
      double number;
      Text text;
    };
  };
  std::string_view view(Text text) const { return std::string_view(texts_).substr(text.begin, text.size); }

  std::string origin_;
  std::vector<Value> values_;  // each before what it holds
  std::string texts_;
};

/// One value of a JsonDocument, which must outlive it. Whatever does not fit throws DataError naming file, line and
/// path: "val.json:12: videos[3].video_id is a number, text is expected."
class JsonElement {
 public:
  bool is_text() const;
  bool is_list() const;
  bool is_object() const;

  const JsonElement& list() const;         ///< itself, for a loop; throws if it is no list
  const JsonElement& object() const;       ///< itself, for a loop; throws if it is no object
  std::string_view text() const;           ///< throws if it is no text
  std::string id() const;                  ///< text or a whole number, which some files write for the other
  double number() const;                   ///< throws if it is no number
  std::string_view key() const;            ///< its name in the object that holds it
  JsonElement at(const char* name) const;  ///< the member of an object; throws if there is none
  std::optional<JsonElement> find(const char* name) const;  ///< the member of an object, if there is one

  /// Over what a list or an object holds.
  class Iterator {
   public:
    Iterator(const JsonDocument* document, size_t index) : document_(document), index_(index) {}
    JsonElement operator*() const { return {document_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator&) const = default;

   private:
    const JsonDocument* document_;
    size_t index_;
  };
  Iterator begin() const { return {document_, index_ + 1}; }
  Iterator end() const { return {document_, document_->values_[index_].end}; }
  size_t size() const;  ///< how many it holds, counted

  /// "val.json:12: videos[3].video_id", of the root "val.json:1".
  std::string where() const;
  /// The same for an element of the root's list whose position is known: where() counts it.
  std::string where(size_t position) const;
  /// Throws DataError "WHERE WHAT.".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  friend class JsonDocument;
  JsonElement(const JsonDocument* document, size_t index) : document_(document), index_(index) {}
  const JsonDocument::Value& value() const { return document_->values_[index_]; }
  std::string path() const;
  [[noreturn]] void fail_type(const char* expected) const;

  const JsonDocument* document_;
  size_t index_;
};

}  // namespace tvr
