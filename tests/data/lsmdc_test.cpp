#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus_files.h"

namespace tvr {
namespace {

using test::error_text;
using test::ids;
using test::texts;
using testing::AllOf;
using testing::HasSubstr;
using Strings = test::Strings;

constexpr const char* kTest = "LSMDC16_challenge_1000_publictect.csv";

// Rows of the real shape; films and sentences are made up.
std::string row(const std::string& id, const std::string& sentence) {
  return id + "\t00.00.01.000\t00.00.02.000\t00.00.01.100\t00.00.01.900\t" + sentence + "\n";
}
const std::string kFirst = "9001_A_Made_Up_Film_2031_00.00.01.000-00.00.02.000";
const std::string kSecond = "9002_OTHER_01.02.03.004-01.02.05.006";

class LsmdcTest : public test::CorpusTest {
 protected:
  LsmdcTest() : CorpusTest("lsmdc") {
    add(kTest, row(kFirst, "SOMEONE says \"no, and leaves.") + row(kSecond, "SOMEONE, nods.") + row(kFirst, " Again."));
  }
};

TEST_F(LsmdcTest, SplitsAtTabsAndTakesQuotesAndCommasAsText) {
  const auto test = split("test");
  EXPECT_EQ(ids(test), (Strings{kFirst, kSecond}));
  EXPECT_EQ(texts(test),
            (Strings{kFirst + ":SOMEONE says \"no, and leaves.", kSecond + ":SOMEONE, nods.", kFirst + ": Again."}));
  EXPECT_EQ(test.captions[2].id, kFirst + "#1");
  ASSERT_TRUE(test.published);
  EXPECT_EQ(test.published->captions, 1000);
  EXPECT_THAT(complaint("train"), AllOf(HasSubstr("data.train"), HasSubstr("LSMDC16_annos_training.csv")));
}

TEST_F(LsmdcTest, FindsClipsInTheFoldersOfTheirFilms) {
  add("videos/9001_A_Made_Up_Film_2031/" + kFirst + ".avi");
  add("videos/9002_OTHER/" + kSecond + ".mp4");
  const auto test = split("test", {{"videos", "videos"}});
  EXPECT_EQ(test.videos[0].path.filename(), kFirst + ".avi");
  EXPECT_EQ(test.videos[1].path.filename(), kSecond + ".mp4");
}

TEST_F(LsmdcTest, LeavesOutTheClipsItIsToldTo) {
  const auto test = split("test", {{"leave_out", {kSecond}}});
  EXPECT_EQ(ids(test), (Strings{kFirst}));
  EXPECT_EQ(test.captions.size(), 2u);
  EXPECT_THAT(test.notes, testing::ElementsAre(AllOf(HasSubstr("1 id"), HasSubstr(kSecond), HasSubstr("left out"))));
  EXPECT_THAT(complaint("test", {{"leave_out", {"9003_X_00.00.01.000-00.00.02.000"}}}),
              AllOf(HasSubstr("data.leave_out"), HasSubstr("9003_X")));
}

TEST_F(LsmdcTest, DamageIsReportedWithItsLine) {
  const auto after_one = [&](const std::string& text) {
    add(kTest, row(kFirst, "x") + text);
    return complaint("test");
  };
  EXPECT_THAT(after_one(kSecond + "\tsentence\n"), HasSubstr("publictect.csv:2: has 2 fields between tabs"));
  EXPECT_THAT(after_one(row(kSecond, "a\tb")), HasSubstr("publictect.csv:2: has 7 fields"));
  EXPECT_THAT(after_one(row(kSecond, "caf\xE9")), HasSubstr("publictect.csv:2: is not valid UTF-8"));
  for (const char* id : {"video_id", "", "_00.00.01.000-00.00.02.000", "9001_Film_00.00.01.000", "9001_Film_1-2"})
    EXPECT_THAT(after_one(row(id, "x")), HasSubstr("publictect.csv:2: '" + std::string(id) + "' is no clip id")) << id;
  add(kTest, "");
  EXPECT_THAT(complaint("test"), HasSubstr("publictect.csv: is empty"));
}

}  // namespace
}  // namespace tvr
