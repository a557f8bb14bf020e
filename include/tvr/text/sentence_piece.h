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

/// A sentencepiece model (unigram, BPE, word or character; FILE.model of T5, SigLIP, XLM-R, LLaMA …). The text goes
/// to the model as it is and the ids are the model's own: what a tower does besides (SigLIP's lower case, XLM-R's
/// shift by one) belongs to the tower. start_id() and end_id() are the model's <s> and </s>, -1 if it has none;
/// pad_id() its <pad>, or 0.
class SentencePieceTokenizer final : public Tokenizer {
 public:
  /// Throws DataError naming the file if it is missing or no sentencepiece model.
  explicit SentencePieceTokenizer(const std::filesystem::path& model);
  ~SentencePieceTokenizer() override;

  std::vector<int64_t> encode(std::string_view text) const override;
  int64_t vocabulary_size() const override;
  int64_t start_id() const override;
  int64_t end_id() const override;
  int64_t pad_id() const override;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> model_;
};

}  // namespace tvr
