#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tvr/text/tokenizer.h"

namespace tvr {

class MergeTable;

/// The byte-pair tokenizer of CLIP (github.com/openai/CLIP, simple_tokenizer.py; open_clip and Hugging Face use the
/// same merges): 49,408 ids, start 49406, end 49407, padding 0. Equal to OpenAI's up to two deliberate differences:
/// - Mojibake ("schÃ¶n" for "schön") isn't repaired but counted (mojibake.h); every other default step of ftfy 6's
///   fix_text is applied, then html.unescape twice, blanks collapsed, lower case by the full Unicode rules.
/// - Captions are data: "<|endoftext|>" in one is ordinary text unless `allow_special`, since its id would move the
///   place where the tower reads the sentence feature.
/// Time is linear in the text up to a logarithm, whatever the text (a word of megabytes, nested entities); memory some
/// twenty times the text.
class ClipTokenizer final : public Tokenizer {
 public:
  static constexpr int64_t kStart = 49406, kEnd = 49407;

  /// `merges`: bpe_simple_vocab_16e6.txt.gz, the same unpacked, or Hugging Face's merges.txt. Throws DataError naming
  /// the file, and the line if it is damaged.
  explicit ClipTokenizer(const std::filesystem::path& merges, bool allow_special = false);
  ~ClipTokenizer() override;

  /// Throws DataError for a text of more than 1 GiB.
  std::vector<int64_t> encode(std::string_view text) const override;
  int64_t vocabulary_size() const override { return kEnd + 1; }
  int64_t start_id() const override { return kStart; }
  int64_t end_id() const override { return kEnd; }
  int64_t pad_id() const override { return 0; }

 private:
  std::unique_ptr<const MergeTable> merges_;
  bool allow_special_;
};

}  // namespace tvr
