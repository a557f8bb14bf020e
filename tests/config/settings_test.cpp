#include "tvr/config/settings.h"

#include <gmock/gmock.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SettingsTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  std::string canonical(const std::string& yaml, const std::vector<std::string>& overrides = {},
                        const std::vector<std::string>& without = {}) {
    return canonical_config(write("x.yaml", yaml), overrides, without);
  }
  const test::TemporaryFolder folder_;
};

TEST_F(SettingsTest, SettingsAreKeysWithValuesAsOneLineOfYaml) {
  const SettingsFile file(
      "rows:\n  - {name: a}\n  - set:\n      model.head.type: mean_pool\n      loader.batch_size: "
      "64\n      optim.rates: {\"text.*\": 0.2, b: [1, two]}\n      data.root: 'a, b'\n"
      "      run.assets: ''\n      model.note: \"0.5\"\n",
      "t.yaml");
  std::vector<std::string> texts;
  for (const auto& setting : file.settings({"rows", "1", "set"})) texts.push_back(setting.text());
  EXPECT_THAT(texts, ElementsAre("model.head.type=mean_pool", "loader.batch_size=64",
                                 "optim.rates={\"text.*\": 0.2, \"b\": [1, two]}", "data.root=\"a, b\"",
                                 "run.assets=\"\"", "model.note=\"0.5\""));
  EXPECT_THAT(file.settings({"rows", "1", "set"})[1].origin, HasSubstr("t.yaml:5"));
  EXPECT_TRUE(file.settings({"rows", "0", "set"}).empty());
  EXPECT_TRUE(file.settings({"rows", "7", "set"}).empty());
}

TEST_F(SettingsTest, ElementsOfListsAreTextsToo) {
  const SettingsFile file("grid: {frames: [4, 8], rates: [{a: 1}, x], words: {}}\n", "t.yaml");
  EXPECT_THAT(file.elements({"grid", "frames"}), ElementsAre("4", "8"));
  EXPECT_THAT(file.elements({"grid", "rates"}), ElementsAre("{\"a\": 1}", "x"));
  EXPECT_TRUE(file.elements({"grid", "words"}).empty());
  EXPECT_TRUE(file.elements({"nowhere"}).empty());
}

TEST_F(SettingsTest, ASectionComesBeforeItsInsideAndATypeBeforeItsNeighbours) {
  std::vector<Setting> settings{{"model.head.depth", "2", ""}, {"model.head.type", "x", ""}, {"model.head", "{}", ""}};
  order_settings(settings);
  EXPECT_EQ(settings[0].key, "model.head");
  EXPECT_EQ(settings[1].key, "model.head.type");
  EXPECT_EQ(settings[2].key, "model.head.depth");
}

TEST_F(SettingsTest, CommentsOrderAndWaysOfWritingDoNotChangeTheContent) {
  const auto content = canonical("a: {b: 0.003, c: [1, 2]}\nd: text\n");
  EXPECT_EQ(content, canonical("# why\nd: \"text\"\na:\n  c: [1, 2]  # two\n  b: 3.0e-3\n"));
  EXPECT_EQ(content, canonical("a: {b: 1, c: [1, 2]}\nd: text\n", {"a.b=0.003"}));
  write("base.yaml", "a: {b: 0.003}\nd: other\n");
  EXPECT_EQ(content, canonical("extends: [base.yaml]\na: {c: [1, 2]}\nd: text\n"));
  EXPECT_EQ(content, canonical("a: {b: 0.003, c: [1, 2]}\nd: text\nrun: {dir: x}\n", {}, {"run.dir"}));
}

TEST_F(SettingsTest, ValuesListsAndTheTypeOfAScalarDo) {
  const auto content = canonical("a: {b: 0.003, c: [1, 2]}\n");
  EXPECT_NE(content, canonical("a: {b: 0.004, c: [1, 2]}\n"));
  EXPECT_NE(content, canonical("a: {b: 0.003, c: [2, 1]}\n"));
  EXPECT_NE(content, canonical("a: {b: \"0.003\", c: [1, 2]}\n"));
  EXPECT_NE(content, canonical("a: {b: 0.003, c: [1, 2], d: 0}\n"));
  EXPECT_NE(canonical("a: {}\nb: [[1], [2]]\n"), canonical("a: {}\nb: [[1, 2]]\n"));
  EXPECT_NE(canonical("a: \"x\\nb = 1\"\n"), canonical("a: x\nb: 1\n"));
}

TEST_F(SettingsTest, OnlyTheAskedSectionsAreKept) {
  const auto file = write("x.yaml", "a: {b: 1}\nc: {d: 2}\n");
  EXPECT_THAT(canonical_config(file, {}, {}, {"c"}), HasSubstr("c.d = 2"));
  EXPECT_THAT(canonical_config(file, {}, {}, {"c"}), Not(HasSubstr("a.b")));
  EXPECT_THROW(canonical_config(folder_ / "absent.yaml", {}), ConfigError);
}

}  // namespace
}  // namespace tvr
