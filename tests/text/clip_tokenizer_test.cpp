#include "tvr/text/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <set>
#include <thread>

#include "text/test_files.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Ids = std::vector<int64_t>;

class Clip : public testing::Test {
 protected:
  void SetUp() override {
    TVR_SKIP_WITHOUT(clip_merges());
    static const ClipTokenizer shared(clip_merges());  // reading the merges takes a while
    tokenizer = &shared;
  }
  const ClipTokenizer* tokenizer = nullptr;
};

// Ids of OpenAI's tokenizer with ftfy 6.3.1.
const std::vector<GoldenRow>& vectors() {
  static const std::vector<GoldenRow> rows{
      {"a photo of a cat", {320, 1125, 539, 320, 2368}},
      {"Hello, world!", {3306, 267, 1002, 256}},
      {"", {}},
      {"   ", {}},
      {"The quick brown fox jumps over the lazy dog.", {518, 3712, 2866, 3240, 18911, 962, 518, 10753, 1929, 269}},
      {"it's don't we're I've I'm they'll he'd",
       {585, 568, 847, 713, 649, 982, 328, 1200, 328, 880, 889, 1342, 797, 1896}},
      {"IT'S DON'T", {585, 568, 847, 713}},
      {"rock'n'roll", {2172, 262, 333, 262, 3341}},
      {"2023 123456", {273, 271, 273, 274, 272, 273, 274, 275, 276, 277}},
      {"café", {15304}},
      {"cafe\u0301", {15304}},
      {"naïve", {1097, 35689, 563}},
      {"Ünïcödé ÀÉÎ", {6522, 77, 35689, 66, 7255, 67, 4166, 36149, 3459, 127, 362}},
      {"\u0130stanbul", {328, 16384, 11231}},
      {"ΣΊΣΥΦΟΣ", {139, 225, 138, 107, 139, 225, 139, 227, 139, 228, 138, 123, 139, 480}},
      {"ß STRASSE", {127, 509, 1894, 8938}},
      {"你好世界", {47466, 254, 29290, 121, 19759, 244, 163, 243, 490}},
      {"こんにちは", {4813, 241, 3909, 241, 4813, 104, 4813, 94, 4813, 363}},
      {"안녕하세요", {16071, 230, 167, 227, 243, 33992, 15074, 116, 18541, 498}},
      {"привет мир", {26302, 16370, 29503, 110, 22176, 141, 480, 38018, 16701, 141, 478}},
      {"مرحبا", {12986, 10948, 25722, 16378, 22625}},
      {"हिन्दी", {29446, 26721, 26090, 19389, 29552, 25751}},
      {"😀", {7334}},
      {"👨‍👩‍👧‍👦", {25023, 26304, 48938, 4244, 964, 355}},
      {"I ❤️ NY", {328, 1752, 1350}},
      {"🇺🇸", {5688}},
      {"&lt;b&gt;", {283, 321, 285}},
      {"&amp;lt;", {283}},
      {"AT&amp;T", {536, 261, 339}},
      {"AT&T", {536, 261, 339}},
      {"<b>&amp;</b>", {283, 321, 29, 5, 34308, 321, 285}},
      {"&nbsp;x", {343}},
      {"&eacute;t&eacute;", {3459, 39694}},
      {"&copy 2020", {5811, 273, 271, 273, 271}},
      {"“curly” ‘quotes’ — dash…", {257, 20795, 257, 262, 5808, 262, 2005, 10206, 959}},
      {"it’s", {585, 568}},
      {"ﬁne ﬂow", {3797, 5608}},
      {"ＦＵＬＬｗｉｄｔｈ", {9407, 23571}},
      {"a\tb\nc\r\nd", {320, 321, 322, 323}},
      {"a\u00a0b", {320, 321}},
      {"a\u3000b", {320, 321}},
      {"a\u200bb", {320, 9844, 321}},
      {"x_y-z", {343, 318, 344, 268, 345}},
      {"hello...world", {3306, 678, 1002}},
      {"$5.99 50%", {259, 276, 269, 280, 280, 276, 271, 260}},
      {"½ ² Ⅷ ①", {33613, 41175, 158, 227, 371, 158, 239, 510}},
      {"\ufeffbom", {19469}},
      {"l33t h4x0r", {331, 274, 274, 339, 327, 275, 343, 271, 337}},
      {"#hashtag @user", {258, 9238, 287, 7031}},
      {"http://example.com/?q=1", {15066, 12441, 6228, 269, 2464, 14, 286, 336, 284, 272}},
      {"supercalifragilisticexpialidocious", {1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466}},
      {"aaaaaaaaaaaa", {23126, 19336}},
      {"\x1b[31mred\x1b[0m", {736}},
      {std::string("a\0b", 3), {3937}},
      {"𝕳𝖊𝖑𝖑𝖔", {6874, 243, 111, 6874, 244, 232, 6874, 244, 239, 6874, 244, 239, 6874, 244, 498}},
      {"\U00020000", {172, 254, 222, 478}},
      {"\ufffd", {39802}},
      {"a\u0345b", {320, 321}},
      {"a photo of a really, functistaner big cat.",
       {320, 1125, 539, 320, 1414, 267, 8679, 555, 2203, 528, 1205, 2368, 269}}};
  return rows;
}

TEST_F(Clip, EqualsOpenAiOnTheTestVectors) {
  ASSERT_EQ(vectors().size(), 59u);
  for (const auto& row : vectors()) EXPECT_EQ(tokenizer->encode(row.text), row.ids) << row.text;
}

TEST_F(Clip, EqualsOpenAiOnTheGoldenFileButForMojibake) {
  const auto file = data_file("golden/clip_bpe_tokens.jsonl");
  TVR_SKIP_WITHOUT(file);
  const auto rows = golden_rows(file);
  ASSERT_EQ(rows.size(), 460u);
  const ClipTokenizer special(clip_merges(), /*allow_special=*/true);
  std::vector<std::string> differing;
  for (const auto& row : rows)
    if (special.encode(row.text) != row.ids) differing.push_back(row.text);
  EXPECT_THAT(differing, testing::ElementsAre("schÃ¶n"));
}

// The captions with most kinds of characters of 100,000 random ones (tests/reference/clip_tokenizer.py).
TEST_F(Clip, EqualsOpenClipOnTheHardestRandomCaptions) {
  const auto rows = golden_rows(fs::path(__FILE__).parent_path() / "clip_golden.jsonl");
  ASSERT_EQ(rows.size(), 24u);
  for (const auto& row : rows) EXPECT_EQ(tokenizer->encode(row.text), row.ids) << row.text;
}

TEST_F(Clip, ReadsSpecialTokensInCaptionsAsTextUnlessAllowed) {
  const std::string text = "<|startoftext|>hi<|endoftext|>";
  EXPECT_EQ(tokenizer->encode(text), (Ids{27, 347, 993, 6659, 4160, 91, 285, 1883, 27, 347, 40786, 4160, 91, 285}));
  EXPECT_EQ(ClipTokenizer(clip_merges(), true).encode(text), (Ids{49406, 1883, 49407}));
}

TEST_F(Clip, FindsContractionsWhereverAPieceBegins) {
  EXPECT_EQ(tokenizer->encode("o'donnell"), tokenizer->encode("o 'd onnell"));
  EXPECT_EQ(tokenizer->encode("'the"), tokenizer->encode("'t he"));
  EXPECT_EQ(tokenizer->encode("'''s"), tokenizer->encode("''' s"));
}

TEST_F(Clip, KeepsWordsAndIdsInRangeForAnyBytes) {
  std::string text;
  for (uint32_t i = 0; i < 5000; ++i) text += static_cast<char>((i * 7919 + i / 13) % 256);
  const auto ids = tokenizer->encode(text);
  ASSERT_FALSE(ids.empty());
  EXPECT_TRUE(std::all_of(ids.begin(), ids.end(), [](int64_t id) { return id >= 0 && id < ClipTokenizer::kStart; }));
}

TEST_F(Clip, TakesAWordOfTenMegabytes) {
  // Quadratic merging would need hours.
  const auto letters = tokenizer->encode(std::string(10 << 20, 'a'));
  EXPECT_GT(letters.size(), (10u << 20) / 16);
  std::string mixed;
  while (mixed.size() < (1 << 20)) mixed += "ab\u00e9\u0436";
  EXPECT_GT(tokenizer->encode(mixed).size(), 1000u);
}

TEST_F(Clip, MergesALongRunAsTheLeftToRightRuleSays) {
  // 12 x 'a' is 23126 19336: eight letters inside, four at the end; the rule repeats for any multiple of eight.
  Ids expected(5, 23126);
  expected.push_back(19336);
  EXPECT_EQ(tokenizer->encode(std::string(44, 'a')), expected);
}

TEST_F(Clip, MergesShortAndLongPiecesAlike) {
  // Pieces of up to 48 bytes are merged in another way than longer ones.
  for (const size_t eights : {4u, 5u, 6u, 7u}) {
    Ids expected(eights, 23126);
    expected.push_back(19336);
    EXPECT_EQ(tokenizer->encode(std::string(8 * eights + 4, 'a')), expected) << eights;
  }
}

TEST_F(Clip, ManyThreadsGetTheSameIds) {
  const std::string text = "a man's 2 dogs — café";
  const auto expected = tokenizer->encode(text);
  std::vector<int> wrong(4, 0);
  std::vector<std::jthread> threads;
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) count += tokenizer->encode(text) != expected;
    });
  threads.clear();
  EXPECT_THAT(wrong, testing::Each(0));
}

// ---- the merges file

class MergesFile : public testing::Test {
 protected:
  void SetUp() override {
    TVR_SKIP_WITHOUT(clip_merges());
    folder = fs::temp_directory_path() / ("tvr_merges_" + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string unpacked() {
    gzFile file = gzopen(clip_merges().c_str(), "rb");
    std::string text(4 << 20, '\0');
    text.resize(static_cast<size_t>(gzread(file, text.data(), static_cast<unsigned>(text.size()))));
    gzclose(file);
    return text;
  }
  fs::path write(const std::string& content) {
    write_file(folder / "merges.txt", content);
    return folder / "merges.txt";
  }
  std::string message_of(const std::string& content) {
    const auto file = write(content);
    try {
      ClipTokenizer tokenizer(file);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  fs::path folder;
};

TEST_F(MergesFile, MayBeUnpackedCutToItsMergesOrWithoutHeader) {
  const auto text = unpacked();
  size_t end = 0;
  for (int line = 0; line < 48895; ++line) end = text.find('\n', end) + 1;
  const auto headed = text.substr(0, end);
  const auto bare = headed.substr(headed.find('\n') + 1);
  for (const auto& content : {text, headed, bare, "#version: 0.2\n" + bare})
    EXPECT_EQ(ClipTokenizer(write(content)).encode("a photo of a cat"), (Ids{320, 1125, 539, 320, 2368}));
}

TEST_F(MergesFile, MissingSaysWhatToRun) {
  try {
    ClipTokenizer tokenizer(folder / "absent.gz");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("absent.gz"));
    EXPECT_THAT(error.what(), HasSubstr("scripts/setup.sh"));
  }
}

TEST_F(MergesFile, DamageIsNamedWithTheLine) {
  const auto text = unpacked();
  EXPECT_THAT(message_of(""), HasSubstr("holds 0 of"));
  EXPECT_THAT(message_of("\u0120 t\n\u0120 a\n"), HasSubstr("merges.txt:1: CLIP's merges begin with 'i n'"));
  EXPECT_THAT(message_of(text.substr(0, 1000)), HasSubstr("merges.txt:"));
  EXPECT_THAT(message_of("#version\ni n\nt h\nxyz q\n"), HasSubstr("merges.txt:4: 'xyz q'"));
  EXPECT_THAT(message_of("#version\ni n\nt h\nnoblank\n"), HasSubstr("merges.txt:4: 'noblank'"));
  EXPECT_THAT(message_of("#version\ni n\nt h\ni n\n"), HasSubstr("merges.txt:4: 'i n'"));
}

TEST_F(MergesFile, CutInTheMiddleOfThePackedFileIsAnError) {
  const auto packed = read_file(clip_merges());
  EXPECT_THAT(message_of(packed.substr(0, packed.size() / 2)), HasSubstr("cut short"));
  auto flipped = packed;
  flipped[flipped.size() / 2] ^= 0x55;
  EXPECT_NE(message_of(flipped), "accepted");
}

}  // namespace
}  // namespace tvr
