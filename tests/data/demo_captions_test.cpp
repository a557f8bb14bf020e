#include "tvr/data/demo_captions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tvr/data/demo_corpus.h"

namespace tvr {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

DemoScene example() {
  DemoScene scene;
  scene.actor = {{0, 0}, DemoSize::kBig, 0, 0};
  scene.direction = DemoDirection::kUp;
  scene.visitors = {DemoObject{{1, 1}, DemoSize::kMid, 0, 0}, DemoObject{{2, 2}, DemoSize::kMid, 0, 0}};
  scene.brief = {{3, 3}, DemoSize::kMid, 0, 0};
  scene.tiny = {DemoObject{{4, 4}, DemoSize::kTiny, 0, 0}, DemoObject{{5, 5}, DemoSize::kTiny, 0, 0}};
  scene.background = 2;
  scene.sound = 5;
  scene.sign = 4;
  return scene;
}

std::set<std::string> wordings(DemoClause clause) {
  std::set<std::string> texts;
  for (uint64_t i = 0; i < 200; ++i) {
    Random random(1, "test", 0, i);
    texts.insert(clause_text(clause, example(), random));
  }
  return texts;
}

TEST(DemoClauses, AreWrittenInTheTemplates) {
  using Texts = std::set<std::string>;
  EXPECT_EQ(wordings(DemoClause::kActor), (Texts{"a big red circle", "a large red circle"}));
  EXPECT_EQ(wordings(DemoClause::kMotion),
            (Texts{"it moves up", "it rises", "the big one moves up", "the big one rises"}));
  EXPECT_EQ(wordings(DemoClause::kBackground), (Texts{"on sand", "in the desert"}));
  EXPECT_EQ(wordings(DemoClause::kTiny),
            (Texts{"a tiny purple cross", "a small purple cross", "there is a tiny purple cross"}));
  EXPECT_EQ(wordings(DemoClause::kSecondTiny),
            (Texts{"a tiny cyan ring", "a small cyan ring", "there is a tiny cyan ring"}));
  EXPECT_EQ(wordings(DemoClause::kOrder),
            (Texts{"first a green square then a blue triangle", "a green square before a blue triangle",
                   "at the start a green square and later a blue triangle"}));
  EXPECT_EQ(wordings(DemoClause::kBrief),
            (Texts{"a yellow star flashes", "for a moment a yellow star", "a yellow star appears briefly"}));
  EXPECT_EQ(wordings(DemoClause::kSound), (Texts{"with clicks", "something clicks"}));
  EXPECT_EQ(wordings(DemoClause::kSign), (Texts{"the sign says cafe", "with the word cafe", "text reads cafe"}));
}

TEST(DemoClauses, TheNeedsClauseAloneTellsTwinsApart) {
  for (uint64_t i = 0; i < 50; ++i) {
    for (int need = 0; need < 7; ++need) {
      Random random(3, "test", 0, i);
      const DemoScene scene = draw_scene(random), twin = draw_twin(scene, static_cast<DemoNeed>(need), random);
      for (int clause = 0; clause < kDemoClauses; ++clause) {
        const bool tells = static_cast<DemoClause>(clause) == clause_of(static_cast<DemoNeed>(need));
        EXPECT_EQ(clause_holds(static_cast<DemoClause>(clause), scene, twin), !tells)
            << kDemoNeeds[static_cast<size_t>(need)];
        EXPECT_EQ(clause_holds(static_cast<DemoClause>(clause), twin, scene), !tells);
      }
    }
  }
}

TEST(DemoTrainingCaptions, HoldTwoToFourClausesAndAlwaysTheNeeds) {
  std::map<size_t, int> counts;
  for (uint64_t i = 0; i < 300; ++i) {
    Random random(4, "test", 0, i);
    const DemoScene scene = draw_scene(random);
    const auto need = static_cast<DemoNeed>(i % 7);
    const auto caption = draw_training_caption(scene, need, random);
    ++counts[caption.clauses.size()];
    EXPECT_EQ(std::count(caption.clauses.begin(), caption.clauses.end(), clause_of(need)), 1);
    const auto words = words_of(caption.text);
    EXPECT_EQ(static_cast<size_t>(std::count(words.begin(), words.end(), ",")), caption.clauses.size() - 1);
  }
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_TRUE(counts.count(2) == 1 && counts.count(4) == 1);
}

// The labels of validation and test are exact: no other video of the split satisfies a caption.
TEST(DemoExactCaptions, AreSatisfiedByTheirOwnVideoAlone) {
  DemoCorpusOptions options;
  options.train_pairs = 1;
  const auto test = draw_demo_corpus(options).back();
  ASSERT_EQ(test.name, "test");
  std::vector<DemoScene> scenes;
  for (const auto& video : test.videos) scenes.push_back(video.scene);
  for (int64_t i = 0; i < static_cast<int64_t>(scenes.size()); ++i) {
    const auto& video = test.videos[static_cast<size_t>(i)];
    Random random(8, "test", 0, static_cast<uint64_t>(i));
    const auto caption = draw_exact_caption(scenes, i, video.need, random);
    for (const DemoClause clause : {DemoClause::kActor, DemoClause::kBackground, clause_of(video.need)})
      EXPECT_EQ(std::count(caption.clauses.begin(), caption.clauses.end(), clause), 1);
    EXPECT_GE(caption.clauses.size(), video.need == DemoNeed::kGlobal ? 3u : 4u);
    int64_t satisfied = 0;
    for (const auto& other : scenes)
      satisfied += std::all_of(caption.clauses.begin(), caption.clauses.end(),
                               [&](DemoClause clause) { return clause_holds(clause, video.scene, other); });
    EXPECT_EQ(satisfied, 1) << caption.text;
  }
}

TEST(DemoExactCaptions, NoTwoVideosShareAText) {
  for (const auto& split : draw_demo_corpus({})) {
    if (split.name == "train") continue;
    std::set<std::string> texts;
    for (const auto& video : split.videos) texts.insert(video.captions.begin(), video.captions.end());
    EXPECT_EQ(texts.size(), split.videos.size() * 2);
  }
}

TEST(DemoVocabulary, HoldsEveryWordOfTheCorpus) {
  const auto vocabulary = demo_vocabulary();
  const std::set<std::string> known(vocabulary.begin(), vocabulary.end());
  EXPECT_EQ(known.size(), vocabulary.size());
  std::set<std::string> used;
  size_t longest = 0;
  for (const auto& split : draw_demo_corpus({})) {
    for (const auto& video : split.videos) {
      for (const auto& caption : video.captions) {
        const auto words = words_of(caption);
        longest = std::max(longest, words.size());
        used.insert(words.begin(), words.end());
      }
    }
  }
  EXPECT_TRUE(std::includes(known.begin(), known.end(), used.begin(), used.end()));
  EXPECT_EQ(used, known);  // 1736 videos use all of it
  EXPECT_LE(longest, 40u);
}

}  // namespace
}  // namespace tvr
