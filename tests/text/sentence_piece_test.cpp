#include "tvr/text/sentence_piece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "text/test_files.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

struct Model {
  const char* file;
  const char* golden;
  int64_t pieces, start, end, pad;
};

class SentencePiece : public testing::TestWithParam<Model> {};

TEST_P(SentencePiece, EqualsTheGoldenFile) {
  const auto model = data_file(std::string("tokenizer/sentencepiece/") + GetParam().file);
  TVR_SKIP_WITHOUT(model);
  const SentencePieceTokenizer tokenizer(model);
  const auto rows = golden_rows(data_file(std::string("golden/") + GetParam().golden));
  ASSERT_EQ(rows.size(), 563u);
  for (const auto& row : rows) EXPECT_EQ(tokenizer.encode(row.text), row.ids) << row.text;
}

TEST_P(SentencePiece, KnowsItsSizeAndMarks) {
  const auto model = data_file(std::string("tokenizer/sentencepiece/") + GetParam().file);
  TVR_SKIP_WITHOUT(model);
  const SentencePieceTokenizer tokenizer(model);
  EXPECT_EQ(tokenizer.vocabulary_size(), GetParam().pieces);
  EXPECT_EQ(tokenizer.start_id(), GetParam().start);
  EXPECT_EQ(tokenizer.end_id(), GetParam().end);
  EXPECT_EQ(tokenizer.pad_id(), GetParam().pad);
}

TEST_P(SentencePiece, TakesAnyBytesAndLongTexts) {
  const auto model = data_file(std::string("tokenizer/sentencepiece/") + GetParam().file);
  TVR_SKIP_WITHOUT(model);
  const SentencePieceTokenizer tokenizer(model);
  std::string text;
  for (uint32_t i = 0; i < (1 << 20); ++i) text += static_cast<char>((i * 7919 + i / 13) % 256);
  const auto ids = tokenizer.encode(text);
  ASSERT_FALSE(ids.empty());
  for (const int64_t id : ids) ASSERT_TRUE(id >= 0 && id < tokenizer.vocabulary_size());
}

INSTANTIATE_TEST_SUITE_P(Models, SentencePiece,
                         testing::Values(Model{"test_model.model", "spm_test_model.jsonl", 1000, 1, 2, 0},
                                         Model{"torchtune_sentencepiece.model", "spm_torchtune_sentencepiece.jsonl",
                                               32000, -1, 1, 0}),
                         [](const auto& model) { return std::string(model.param.pieces == 1000 ? "small" : "t5"); });

TEST(SentencePieceFile, ThatIsMissingOrNoModelIsADataErrorWithItsName) {
  const auto file = std::filesystem::temp_directory_path() / ("tvr_" + std::to_string(::getpid()) + ".model");
  EXPECT_THROW(SentencePieceTokenizer{file}, DataError);
  for (const std::string& content :
       {std::string(), std::string("no model"), std::string(4096, '\xff'), std::string(64, '\0')}) {
    write_file(file, content);
    try {
      SentencePieceTokenizer tokenizer(file);
      ADD_FAILURE() << "accepted";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(file.string()));
    }
  }
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace tvr
