#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "tvr/text/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace tvr {

/// What a text tower does with a sentencepiece model beside calling it.
enum class SentencePieceFamily {
  kModel,      ///< Nothing (T5, LLaMA …): text as it is, the model's own ids, its <s> and </s> where it has them.
  kSiglip,     ///< Lower case, ASCII punctuation deleted, blanks collapsed; no start, padded with </s>.
  kSiglip2,    ///< Lower case; no start, padded with the model's <pad>.
  kXlmRoberta  ///< CLIP's cleaning with case kept; ids shifted: <s> 0, <pad> 1, </s> 2, <unk> 3, other pieces one up.
};

/// A sentencepiece model (unigram, BPE, word or character; FILE.model of T5, SigLIP, XLM-R, LLaMA …). kSiglip equals
/// transformers' SiglipTokenizer, kXlmRoberta open_clip's XLM-R, kSiglip2 follows transformers' Siglip2Tokenizer. Names
/// of special tokens in a caption ("</s>") are ordinary text.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  /// Throws DataError naming the file if it is missing, no sentencepiece model, or lacks what the family needs.
  explicit SentencePieceTokenizer(const std::filesystem::path& model,
                                  SentencePieceFamily family = SentencePieceFamily::kModel);
  ~SentencePieceTokenizer() override;

  /// Throws DataError for a text of more than 1 GiB.
  std::vector<int64_t> encode(std::string_view text) const override;
  /// The model's pieces; kXlmRoberta: two more, <pad> and, at the end, <mask>.
  int64_t vocabulary_size() const override;
  int64_t start_id() const override;
  int64_t end_id() const override;
  /// kModel: the model's <pad>, or 0.
  int64_t pad_id() const override;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> model_;
  SentencePieceFamily family_;
};

}  // namespace tvr
