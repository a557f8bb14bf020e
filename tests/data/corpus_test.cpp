#include "tvr/data/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using test::ids;
using test::texts;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Strings = test::Strings;

RetrievalSplit three_videos() {
  RetrievalSplit split;
  split.name = "test";
  for (const char* id : {"a", "b", "c"}) split.videos.emplace_back().id = id;
  for (int64_t i = 0; i < 6; ++i)
    split.captions.push_back({std::to_string(i), "text " + std::to_string(i), i % 3, "", ""});
  return split;
}

TEST(ApplyPolicy, WithoutReasonsNothingChanges) {
  for (const char* policy : {"fail", "skip", "substitute-black"}) {
    auto split = three_videos();
    apply_policy(split, {"", "", ""}, policy);
    EXPECT_EQ(order_sha256(split), order_sha256(three_videos())) << policy;
    EXPECT_TRUE(split.unusable.empty());
  }
}

TEST(ApplyPolicy, SkipLeavesOutVideosWithTheirCaptions) {
  auto split = three_videos();
  apply_policy(split, {"", "has no file", ""}, "skip");
  EXPECT_EQ(ids(split), (Strings{"a", "c"}));
  EXPECT_EQ(texts(split), (Strings{"a:text 0", "c:text 2", "a:text 3", "c:text 5"}));
  ASSERT_EQ(split.unusable.size(), 1u);
  EXPECT_EQ(split.unusable[0].id, "b");
  EXPECT_EQ(split.unusable[0].reason, "has no file");
  apply_policy(split, {"does not open", ""}, "skip");  // a later look finds another
  EXPECT_EQ(texts(split), (Strings{"c:text 2", "c:text 5"}));
  EXPECT_EQ(split.unusable.size(), 2u);
}

TEST(ApplyPolicy, SubstituteBlackKeepsEveryRow) {
  auto split = three_videos();
  apply_policy(split, {"", "has no file", ""}, "substitute-black");
  EXPECT_EQ(order_sha256(split), order_sha256(three_videos()));
  EXPECT_FALSE(split.videos[0].black);
  EXPECT_TRUE(split.videos[1].black);
  apply_policy(split, {"does not open", "", ""}, "substitute-black");
  EXPECT_TRUE(split.videos[0].black && split.videos[1].black);
  EXPECT_EQ(split.unusable.size(), 2u);
}

TEST(ApplyPolicy, FailNamesTheVideosTheReasonsAndTheWaysOut) {
  auto split = three_videos();
  EXPECT_THAT(error_text<DataError>([&] {
                apply_policy(split, {"", "has no file", "is empty (0 bytes)"}, "fail");
              }),
              AllOf(HasSubstr("2 of the 3 videos of split test"), HasSubstr("'b' has no file"),
                    HasSubstr("'c' is empty (0 bytes)"), HasSubstr("missing=skip"), HasSubstr("substitute-black")));
  RetrievalSplit many;
  for (int i = 0; i < 12; ++i) many.videos.emplace_back().id = "v" + std::to_string(i);
  EXPECT_THAT(error_text<DataError>([&] { apply_policy(many, Strings(12, "has no file"), "fail"); }),
              AllOf(HasSubstr("'v9'"), Not(HasSubstr("'v10'")), HasSubstr("; …")));
}

TEST(ApplyPolicy, WithoutAnyUsableVideoEveryPolicyFails) {
  for (const char* policy : {"fail", "skip", "substitute-black"}) {
    auto split = three_videos();
    EXPECT_THAT(error_text<DataError>([&] { apply_policy(split, Strings(3, "has no file"), policy); }),
                HasSubstr("3 of the 3 videos"))
        << policy;
  }
  auto split = three_videos();
  apply_policy(split, {"has no file", "has no file", ""}, "substitute-black");
  EXPECT_THROW(apply_policy(split, {"", "", "has no file"}, "substitute-black"), DataError);
}

TEST(OrderHash, TellsEveryChangeOfRows) {
  const auto hash = order_sha256(three_videos());
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(order_sha256(three_videos()), hash);
  const auto changed = [&](auto&& change) {
    auto split = three_videos();
    change(split);
    return order_sha256(split) != hash;
  };
  EXPECT_TRUE(changed([](auto& split) { std::swap(split.videos[0], split.videos[1]); }));
  EXPECT_TRUE(changed([](auto& split) { std::swap(split.captions[0], split.captions[1]); }));
  EXPECT_TRUE(changed([](auto& split) { split.captions[0].text += " "; }));
  EXPECT_TRUE(changed([](auto& split) { split.captions[0].video = 1; }));
  EXPECT_TRUE(changed([](auto& split) { split.captions[0].id = "x"; }));
  EXPECT_TRUE(changed([](auto& split) { split.videos[0].id = "ab", split.videos[1].id = ""; }));
  EXPECT_TRUE(changed([](auto& split) { split.videos.emplace_back(); }));
  EXPECT_FALSE(changed([](auto& split) { split.videos[0].path = "x.mp4", split.name = "val"; }));
}

// What every corpus does, on the simplest.
class CorpusBaseTest : public test::CorpusTest {
 protected:
  CorpusBaseTest() : CorpusTest("pairs") {
    add("test.csv", "path,text\na.mp4, one  two\t\nb.mp4,same\nc.mp4,same\nc.mp4,  \n");
    add("train.csv", "path,text\na.mp4,same\nb.mp4,same\n");
  }
};

TEST_F(CorpusBaseTest, KeepsCaptionsUnlessToldToCollapseBlanks) {
  EXPECT_EQ(split("test").captions[0].text, " one  two\t");
  const auto collapsed = split("test", {{"text", "collapse"}});
  EXPECT_EQ(collapsed.captions[0].text, "one two");
  EXPECT_EQ(collapsed.captions[3].text, "");
}

TEST_F(CorpusBaseTest, NotesWhatIsOddButKeepsIt) {
  const auto test = split("test");
  EXPECT_EQ(test.captions.size(), 4u);
  EXPECT_THAT(test.notes, testing::ElementsAre("Captions that are empty or blank: 1.",
                                               "Texts that belong to more than one video: 1, in 2 captions; their "
                                               "scores will tie."));
  EXPECT_TRUE(split("train").notes.empty());
}

TEST_F(CorpusBaseTest, FindsFilesAndAppliesThePolicy) {
  add("b.mp4");
  add("c.mp4", "");
  EXPECT_THAT(error_text<DataError>([&] {
                split("test", {{"videos", "."}});
              }),
              AllOf(HasSubstr("'a.mp4' has no file"), HasSubstr("'c.mp4' is empty (0 bytes)")));
  const auto corpus = open({{"videos", "."}, {"missing", "skip"}});
  const auto test = corpus->split("test");
  EXPECT_EQ(ids(test), (Strings{"b.mp4"}));
  EXPECT_EQ(test.videos[0].path, folder_.path() / "." / "b.mp4");
  EXPECT_EQ(test.listed_videos, 3);
  EXPECT_EQ(test.listed_captions, 4);
  EXPECT_EQ(corpus->annotated("test").videos.size(), 3u);
  EXPECT_EQ(corpus->annotated("test").videos[0].path, fs::path());
}

TEST_F(CorpusBaseTest, WalksTheFolderOnceForAllSplits) {
  add("a.mp4");
  add("b.mp4");
  const auto corpus = open({{"videos", "."}, {"missing", "skip"}});
  EXPECT_EQ(corpus->split("train").videos.size(), 2u);
  add("c.mp4");  // after the walk
  EXPECT_EQ(corpus->split("test").videos.size(), 2u);
}

TEST_F(CorpusBaseTest, UnknownNamesAreConfigurationErrors) {
  const auto corpus = open();
  EXPECT_THAT(error_text<ConfigError>([&] { corpus->split("tset"); }), HasSubstr("did you mean 'test'"));
  EXPECT_THAT(error_text<ConfigError>([&] { corpus->annotated("dev"); }), HasSubstr("train, val, test"));
  EXPECT_THAT(error_text<ConfigError>([&] { open({{"missing", "ignore"}}); }), HasSubstr("substitute-black"));
  EXPECT_THAT(error_text<ConfigError>([&] { open({{"videos", "clips"}}); }), HasSubstr("looks for no files"));
}

}  // namespace
}  // namespace tvr
