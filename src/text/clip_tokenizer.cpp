#include "tvr/text/clip_tokenizer.h"

#include <unicode/utf8.h>

#include "text/clean.h"
#include "text/merge_table.h"
#include "text/unicode.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

constexpr size_t kMaxText = size_t{1} << 30;  // ICU counts in 32 bits
constexpr std::string_view kStartText = "<|startoftext|>", kEndText = "<|endoftext|>";
// The last is 's with the long s, which the case-insensitive pattern of CLIP takes too.
constexpr std::string_view kContractions[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\u017F"};

enum class Kind { kSpace, kLetter, kNumber, kOther };

Kind kind(char32_t c) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::kLetter;
    if (c >= '0' && c <= '9') return Kind::kNumber;
    return c == ' ' || (c >= '\t' && c <= '\r') ? Kind::kSpace : Kind::kOther;
  }
  if (c == 0x345) return Kind::kSpace;  // the iota below folds to a letter: no alternative of CLIP's pattern takes it
  if (is_letter(c)) return Kind::kLetter;
  if (is_number(c)) return Kind::kNumber;
  return is_space(c) ? Kind::kSpace : Kind::kOther;
}

// The kind of the character at the start of `text` (not empty) and its length in bytes.
std::pair<Kind, size_t> first_character(std::string_view text) {
  if (const auto byte = static_cast<unsigned char>(text[0]); byte < 0x80) return {kind(byte), 1};
  int64_t end = 0;
  UChar32 character;
  U8_NEXT_OR_FFFD(text.data(), end, static_cast<int64_t>(text.size()), character);
  return {kind(static_cast<char32_t>(character)), static_cast<size_t>(end)};
}

size_t contraction_length(std::string_view text) {
  for (const auto contraction : kContractions)
    if (text.starts_with(contraction)) return contraction.size();
  return 0;
}

// Letters and signs form runs, digits stand alone.
size_t run_length(std::string_view text, Kind first, size_t length) {
  if (first == Kind::kNumber) return length;
  while (length < text.size()) {
    const auto [next, bytes] = first_character(text.substr(length));
    if (next != first) break;
    length += bytes;
  }
  return length;
}

}  // namespace

ClipTokenizer::ClipTokenizer(const std::filesystem::path& merges, bool allow_special)
    : merges_(std::make_unique<MergeTable>(merges)), allow_special_(allow_special) {}

ClipTokenizer::~ClipTokenizer() = default;

std::vector<int64_t> ClipTokenizer::encode(std::string_view text) const {
  if (text.size() > kMaxText)
    throw DataError("A text of " + std::to_string(text.size()) + " bytes is no caption; at most 1 GiB is accepted.");
  const auto clean = clean_caption(text);
  std::vector<int64_t> ids;
  for (std::string_view rest = clean; !rest.empty();) {
    if (allow_special_ && (rest.starts_with(kStartText) || rest.starts_with(kEndText))) {
      const bool start = rest.starts_with(kStartText);
      ids.push_back(start ? kStart : kEnd);
      rest.remove_prefix((start ? kStartText : kEndText).size());
      continue;
    }
    const auto [first, bytes] = first_character(rest);
    size_t length = contraction_length(rest);
    if (length == 0) length = run_length(rest, first, bytes);
    if (first != Kind::kSpace) merges_->encode(rest.substr(0, length), ids);
    rest.remove_prefix(length);
  }
  return ids;
}

}  // namespace tvr
