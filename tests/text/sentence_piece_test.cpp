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

// ---- families: ids that transformers 5.23 gave (tests/reference/sentence_piece.py compares many)

TEST(Siglip, EqualsTransformers) {
  const auto model = data_file("tokenizer/sentencepiece/torchtune_sentencepiece.model");
  TVR_SKIP_WITHOUT(model);
  const auto tokenizer = make_tokenizer("siglip:" + model.string(), "");
  const std::vector<GoldenRow> rows{{"A photo of a Cat.", {3, 9, 1202, 13, 3, 9, 1712}},
                                    {"! lead", {991}},
                                    {"snake_case x", {17599, 6701, 3, 226}},
                                    {"&amp; x", {11483, 3, 226}},
                                    {"\u0130stanbul ΣΑΣ", {3, 23, 2, 5627, 6724, 3, 2}},
                                    {"a\u3000b\x1c"
                                     "c",
                                     {3, 9, 3, 115, 3, 75}},
                                    {"\u2581"
                                     "a \u2581 b",
                                     {3, 9, 3, 115}},
                                    {"你好 world", {3, 2, 296}},
                                    {"_ _", {}}};
  for (const auto& row : rows) EXPECT_EQ(tokenizer->encode(row.text), row.ids) << row.text;
  EXPECT_EQ(tokenizer->vocabulary_size(), 32000);
}

TEST(Siglip, EndsCutsAndPadsTextsWithItsEnd) {
  const auto model = data_file("tokenizer/sentencepiece/torchtune_sentencepiece.model");
  TVR_SKIP_WITHOUT(model);
  const auto tokenizer = make_tokenizer("siglip:" + model.string(), "");
  const auto tokens = batch(*tokenizer, {"a cat", "a cat is on the mat", ""}, 5);
  EXPECT_EQ(tokens.ids, (std::vector<int64_t>{3, 9, 1712, 1, 1, 3, 9, 1712, 19, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(tokens.mask, (std::vector<uint8_t>{1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(tokens.truncated, 1);
}

TEST(Siglip2, LowersCaseKeepsPunctuationAndPadsWithTheModelsPadding) {
  const auto model = data_file("tokenizer/sentencepiece/torchtune_sentencepiece.model");
  TVR_SKIP_WITHOUT(model);
  const auto tokenizer = make_tokenizer("siglip2:" + model.string(), "");
  EXPECT_EQ(tokenizer->encode("A Cat."), SentencePieceTokenizer(model).encode("a cat."));
  EXPECT_EQ(tokenizer->start_id(), -1);
  EXPECT_EQ(tokenizer->end_id(), 1);
  EXPECT_EQ(tokenizer->pad_id(), 0);
}

TEST(XlmRoberta, EqualsTransformers) {
  const auto model = data_file("tokenizer/sentencepiece/test_model.model");
  TVR_SKIP_WITHOUT(model);
  const auto tokenizer = make_tokenizer("xlm_roberta:" + model.string(), "");
  const std::vector<GoldenRow> rows{
      {"This is a test", {285, 48, 12, 5, 16, 401}},
      {"  I was born in 92000, and this is fals\u00e9.",
       {10, 23, 81, 55, 25, 21, 5, 3, 597, 352, 352, 352, 6, 14, 66, 48, 75, 74, 9, 3, 7}},
      {"!x", {5, 148, 298}},
      {"你好", {5, 3}},
      {"", {}}};
  for (const auto& row : rows) EXPECT_EQ(tokenizer->encode(row.text), row.ids) << row.text;
  EXPECT_EQ(tokenizer->encode("&amp;  \u201cThis\u201d"), tokenizer->encode("& \"This\""));
  EXPECT_EQ(tokenizer->vocabulary_size(), 1002);
  const auto tokens = batch(*tokenizer, {"!x"}, 7);
  EXPECT_EQ(tokens.ids, (std::vector<int64_t>{0, 5, 148, 298, 2, 1, 1}));
  EXPECT_EQ(tokens.mask, (std::vector<uint8_t>{1, 1, 1, 1, 1, 0, 0}));
}

TEST(XlmRoberta, TakesNamesOfSpecialTokensForText) {
  const auto model = data_file("tokenizer/sentencepiece/test_model.model");
  TVR_SKIP_WITHOUT(model);
  for (const int64_t id : make_tokenizer("xlm_roberta:" + model.string(), "")->encode("<s> </s> <pad> <mask>")) {
    EXPECT_GT(id, 2);
    EXPECT_LT(id, 1001);
  }
}

TEST(XlmRoberta, RefusesTheModelOfAnotherFamily) {
  const auto model = data_file("tokenizer/sentencepiece/torchtune_sentencepiece.model");
  TVR_SKIP_WITHOUT(model);
  EXPECT_THROW(make_tokenizer("xlm_roberta:" + model.string(), ""), DataError);
}

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
