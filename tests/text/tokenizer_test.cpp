#include "tvr/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "text/test_files.h"
#include "tvr/base/error.h"
#include "tvr/text/clip_tokenizer.h"

namespace tvr {
namespace {

using Ids = std::vector<int64_t>;

// One id a byte; start and end may be absent.
class ByteTokenizer final : public Tokenizer {
 public:
  ByteTokenizer(int64_t start, int64_t end, int64_t pad) : start_(start), end_(end), pad_(pad) {}
  Ids encode(std::string_view text) const override { return {text.begin(), text.end()}; }
  int64_t vocabulary_size() const override { return 260; }
  int64_t start_id() const override { return start_; }
  int64_t end_id() const override { return end_; }
  int64_t pad_id() const override { return pad_; }

 private:
  int64_t start_, end_, pad_;
};

TEST(Batch, AddsMarksPadsAndMasks) {
  const auto tokens = batch(ByteTokenizer(1, 2, 9), {"ab", ""}, 6);
  EXPECT_EQ(tokens.rows, 2);
  EXPECT_EQ(tokens.length, 6);
  EXPECT_EQ(tokens.truncated, 0);
  EXPECT_EQ(tokens.ids, (Ids{1, 97, 98, 2, 9, 9, 1, 2, 9, 9, 9, 9}));
  EXPECT_EQ(tokens.mask, (std::vector<uint8_t>{1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0}));
}

TEST(Batch, CutsButKeepsTheEndAndCounts) {
  const auto tokens = batch(ByteTokenizer(1, 2, 0), {"abcd", "abc", "abcdefgh"}, 5);
  EXPECT_EQ(tokens.ids, (Ids{1, 97, 98, 99, 2, 1, 97, 98, 99, 2, 1, 97, 98, 99, 2}));
  EXPECT_EQ(tokens.truncated, 2);
  EXPECT_THAT(tokens.mask, testing::Each(1));
}

TEST(Batch, CountsMojibakeAndLeavesItAlone) {
  const auto tokens = batch(ByteTokenizer(-1, -1, 0), {"schÃ¶n", "schön", "dog", "Ð¼Ð¸Ñ€"}, 4);
  EXPECT_EQ(tokens.mojibake, 2);
  EXPECT_EQ(tokens.truncated, 3);
}

TEST(Batch, IsTheSameForAnyNumberOfThreads) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i)
    texts.push_back(std::string(static_cast<size_t>(i % 9), 'a') + std::to_string(i) + "Ã¶");
  const auto one = batch(ByteTokenizer(1, 2, 0), texts, 9, 1);
  EXPECT_EQ(one.mojibake, 3000);
  EXPECT_GT(one.truncated, 0);
  for (const int64_t threads : {0, 2, 7}) {
    const auto many = batch(ByteTokenizer(1, 2, 0), texts, 9, threads);
    EXPECT_EQ(many.ids, one.ids);
    EXPECT_EQ(many.mask, one.mask);
    EXPECT_EQ(many.truncated, one.truncated);
    EXPECT_EQ(many.mojibake, one.mojibake);
  }
}

TEST(Batch, ThrowsWhatATokenizerThrowsInAThread) {
  class Failing final : public Tokenizer {
    Ids encode(std::string_view text) const override {
      if (text == "bad") throw DataError("bad text");
      return {3};
    }
    int64_t vocabulary_size() const override { return 4; }
    int64_t start_id() const override { return 1; }
    int64_t end_id() const override { return 2; }
    int64_t pad_id() const override { return 0; }
  };
  std::vector<std::string> texts(1000, "good");
  texts[900] = "bad";
  EXPECT_THROW(batch(Failing(), texts, 5, 4), DataError);
}

TEST(Batch, WorksWithoutStartOrEnd) {
  EXPECT_EQ(batch(ByteTokenizer(-1, 2, 0), {"abc"}, 3).ids, (Ids{97, 98, 2}));
  EXPECT_EQ(batch(ByteTokenizer(-1, -1, 0), {"abc"}, 3).ids, (Ids{97, 98, 99}));
}

TEST(Batch, OfNoTextsIsEmpty) {
  const auto tokens = batch(ByteTokenizer(1, 2, 0), {}, 5);
  EXPECT_EQ(tokens.rows, 0);
  EXPECT_TRUE(tokens.ids.empty());
}

TEST(Batch, RefusesALengthWithoutRoomForAToken) {
  for (const int64_t length : {-1, 0, 2}) EXPECT_THROW(batch(ByteTokenizer(1, 2, 0), {"a"}, length), ConfigError);
  EXPECT_THROW(batch(ByteTokenizer(-1, 2, 0), {"a"}, 1), ConfigError);
}

TEST(Batch, FollowsClipsRule) {
  TVR_SKIP_WITHOUT(clip_merges());
  const ClipTokenizer tokenizer(clip_merges());
  std::string dogs;
  for (int i = 0; i < 100; ++i) dogs += "dog ";
  const auto tokens = batch(tokenizer, {"a man is playing a guitar", dogs}, 32);
  Ids first{49406, 320, 786, 533, 1629, 320, 5084, 49407}, second(32, 1929);
  first.resize(32, 0);
  second.front() = 49406;
  second.back() = 49407;
  EXPECT_EQ(Ids(tokens.ids.begin(), tokens.ids.begin() + 32), first);
  EXPECT_EQ(Ids(tokens.ids.begin() + 32, tokens.ids.end()), second);
  EXPECT_EQ(tokens.truncated, 1);
  EXPECT_EQ(std::count(tokens.mask.begin(), tokens.mask.end(), 1), 8 + 32);
}

TEST(MakeTokenizer, RefusesOtherNames) {
  for (const char* name : {"clap", "", "siglip", "siglip:", "siglip:spiece", "xlm_roberta:file.json"})
    EXPECT_THROW(make_tokenizer(name, default_assets()), ConfigError) << name;
}

TEST(MakeTokenizer, NamesTheMissingFile) {
  for (const char* name : {"clip", "/nowhere/some.model", "siglip:/nowhere/some.model", "siglip2:/nowhere/some.model",
                           "xlm_roberta:/nowhere/some.model"}) {
    try {
      make_tokenizer(name, "/nowhere");
      ADD_FAILURE() << name;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::StartsWith("/nowhere/"));
    }
  }
}

TEST(DefaultAssets, FollowTheEnvironment) {
  const char* before = std::getenv("TVR_ASSETS");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("TVR_ASSETS", "/some/folder", 1);
  EXPECT_EQ(default_assets(), "/some/folder");
  ::setenv("TVR_ASSETS", "", 1);
  EXPECT_TRUE(default_assets().is_absolute());
  EXPECT_NE(default_assets(), "/some/folder");
  ::setenv("TVR_ASSETS", saved.c_str(), 1);
}

}  // namespace
}  // namespace tvr
