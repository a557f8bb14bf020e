#include "tvr/config/node.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tvr/config/options.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Options {
  int64_t depth = 2;
  double rate = 0.001;
  bool cosine = true;
  std::string mode = "uniform";
  std::vector<int64_t> sizes = {1, 2};
  std::map<std::string, double> weights;
  template <class Visit>
  void fields(Visit&& f) {
    f("depth", depth, "Blocks", within(1, 12));
    f("rate", rate, "Learning rate", at_least(0));
    f("cosine", cosine, "Cosine decay");
    f("mode", mode, "Weights", one_of({"uniform", "learned"}));
    f("sizes", sizes, "Sizes", at_least(1));
    f("weights", weights, "Weight of each part");
  }
  std::string validate() const { return depth == 7 && !cosine ? "depth 7 needs cosine" : ""; }
};

std::string errors_of(const std::string& yaml) {
  const auto node = ConfigNode::parse(yaml, "x.yaml");
  read_options<Options>(node);
  try {
    node.finish();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tvr_config_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  fs::path folder_;
};

TEST(ConfigNode, ReadsEveryType) {
  const auto node =
      ConfigNode::parse("depth: 3\nrate: 1e-4\ncosine: false\nmode: learned\nsizes: [4, 5]\nweights: {a: 1, b: 0.5}\n");
  const auto options = read_options<Options>(node);
  node.finish();
  EXPECT_EQ(options.depth, 3);
  EXPECT_EQ(options.rate, 1e-4);
  EXPECT_FALSE(options.cosine);
  EXPECT_EQ(options.mode, "learned");
  EXPECT_THAT(options.sizes, ElementsAre(4, 5));
  EXPECT_EQ(options.weights.at("b"), 0.5);
}

TEST(ConfigNode, ReportsAllErrorsTogetherWithLines) {
  const auto message = errors_of("depht: 3\nrate: fast\nmode: learnt\nsizes: [0]\ndepth: 40\ncosine: yes\n");
  EXPECT_THAT(message, HasSubstr("x.yaml:1: depht: unknown key 'depht'; did you mean 'depth'?"));
  EXPECT_THAT(message, HasSubstr("x.yaml:2: rate: 'fast' is not a number"));
  EXPECT_THAT(message, HasSubstr("x.yaml:3: mode: unknown value 'learnt'; did you mean 'learned'?"));
  EXPECT_THAT(message, HasSubstr("x.yaml:4: sizes: 0 is out of range; it must be at least 1"));
  EXPECT_THAT(message, HasSubstr("x.yaml:5: depth: 40 is out of range; it must be within 1 and 12"));
  EXPECT_THAT(message, HasSubstr("x.yaml:6: cosine: 'yes' is not true or false"));
}

TEST(ConfigNode, ReportsRulesBetweenFields) {
  EXPECT_THAT(errors_of("depth: 7\ncosine: false\n"), HasSubstr("depth 7 needs cosine"));
}

TEST(ConfigNode, RefusesNumbersWithUnitsFractionsAndInfinity) {
  EXPECT_THAT(errors_of("depth: 3.5\n"), HasSubstr("'3.5' is not an integer"));
  EXPECT_THAT(errors_of("depth: 99999999999999999999\n"), HasSubstr("is not an integer"));
  EXPECT_THAT(errors_of("rate: .inf\n"), HasSubstr("is not a number"));
  EXPECT_THAT(errors_of("rate: 1e999\n"), HasSubstr("is not a number"));
  EXPECT_THAT(errors_of("depth: '3'\n"), HasSubstr("is not an integer"));
}

TEST(ConfigNode, RefusesDuplicateKeysAndBadYaml) {
  EXPECT_THROW(ConfigNode::parse("a: 1\na: 2\n"), ConfigError);
  EXPECT_THROW(ConfigNode::parse("a: [1\n"), ConfigError);
  EXPECT_THROW(ConfigNode::parse("- 1\n"), ConfigError);
  EXPECT_THROW(ConfigNode::parse("a: &x [*x]\n"), ConfigError);
}

TEST(ConfigNode, RefusesAliasesThatExplode) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 9; ++j) yaml += ", " + last;
    yaml += "]\n";
  }
  EXPECT_THROW(ConfigNode::parse(yaml), ConfigError);
}

TEST(ConfigNode, OverridesWinAndNameTheCommandLine) {
  const auto node = ConfigNode::parse("head: {depth: 3}\n", "x.yaml", {"head.depth=5", "head.sizes=[7]"});
  const auto options = read_options<Options>(node.child("head"));
  node.finish();
  EXPECT_EQ(options.depth, 5);
  EXPECT_THAT(options.sizes, ElementsAre(7));
  const auto wrong = ConfigNode::parse("", "x.yaml", {"head.dept=5"});
  read_options<Options>(wrong.child("head"));
  EXPECT_THAT([&] { wrong.finish(); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("command line: head.dept: unknown key")));
  const auto malformed = ConfigNode::parse("", "x", {"depth", "--depth=3", "a..b=3", "a=["});
  EXPECT_THAT([&] { malformed.finish(); }, testing::ThrowsMessage<ConfigError>(testing::AllOf(
                                               HasSubstr("'depth' is not of the form"), HasSubstr("'--depth=3'"),
                                               HasSubstr("empty part"), HasSubstr("not valid YAML"))));
}

TEST(ConfigNode, AnotherTypeDropsTheInheritedOptions) {
  const auto node = ConfigNode::parse("head: {type: a, depth: 3}\n", "x.yaml", {"head.type=b"});
  EXPECT_THAT(node.child("head").keys(), ElementsAre("type"));
}

TEST(ConfigNode, EffectiveYamlReadsBackTheSame) {
  const auto node = ConfigNode::parse("rate: 0.1\nmode: learned\n");
  read_options<Options>(node);
  const auto text = node.effective_yaml();
  EXPECT_THAT(text, HasSubstr("depth: 2"));
  const auto again = ConfigNode::parse(text);
  read_options<Options>(again);
  again.finish();
  EXPECT_EQ(again.effective_yaml(), text);
}

TEST(ConfigNode, EffectiveYamlQuotesTextThatLooksLikeANumber) {
  const auto node = ConfigNode::parse("name: '12'\n");
  std::string name;
  node.read("name", name);
  EXPECT_EQ(node.effective_yaml(), "name: \"12\"\n");
}

TEST_F(ConfigFiles, ExtendsMergesInOrderOwnKeysLast) {
  write("a.yaml", "depth: 3\nrate: 0.5\n");
  write("b.yaml", "rate: 0.25\nmode: learned\n");
  const auto node = ConfigNode::load(write("c.yaml", "extends: [a.yaml, b.yaml]\nmode: uniform\n"));
  const auto options = read_options<Options>(node);
  node.finish();
  EXPECT_EQ(options.depth, 3);
  EXPECT_EQ(options.rate, 0.25);
  EXPECT_EQ(options.mode, "uniform");
}

TEST_F(ConfigFiles, ErrorsNameTheFileThatHoldsTheKey) {
  write("a.yaml", "rate: 0.5\ndepht: 3\n");
  const auto node = ConfigNode::load(write("c.yaml", "extends: [a.yaml]\n"));
  read_options<Options>(node);
  EXPECT_THAT([&] { node.finish(); }, testing::ThrowsMessage<ConfigError>(HasSubstr("a.yaml:2: depht")));
}

TEST_F(ConfigFiles, CirclesAndMissingFilesAreErrors) {
  write("a.yaml", "extends: [b.yaml]\n");
  EXPECT_THROW(ConfigNode::load(write("b.yaml", "extends: [a.yaml]\n")), ConfigError);
  EXPECT_THAT([&] { ConfigNode::load(write("d.yaml", "extends: [absent.yaml]\n")); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("absent.yaml: no such configuration file")));
}

TEST(Options, HelpShowsTypeDefaultRange) {
  const auto text = format_options("head", describe_options<Options>());
  EXPECT_THAT(text, HasSubstr("depth"));
  EXPECT_THAT(text, HasSubstr("integer, within 1 and 12; default 2"));
  EXPECT_THAT(text, HasSubstr("one of uniform, learned"));
}

TEST_F(ConfigFiles, FilesThatExtendEachOtherTwiceEndSoon) {
  write("c0.yaml", "run: {seed: 1}\n");
  for (int i = 1; i < 40; ++i) {
    const auto before = "c" + std::to_string(i - 1) + ".yaml";
    write("c" + std::to_string(i) + ".yaml", "extends: [" + before + ", " + before + "]\n");
  }
  try {
    ConfigNode::load(folder_ / "c39.yaml");
    FAIL() << "2^39 files were read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than 64 files"));
  }
}

TEST(ConfigNode, AnErrorThatSeveralReadersFindIsToldOnce) {
  const auto config = ConfigNode::parse("loss: []\n", "x.yaml");
  config.child("loss");
  config.child("loss");
  EXPECT_THAT([&] { config.finish(); },
              testing::ThrowsMessage<ConfigError>("x.yaml:1: loss: is a list, a section is needed"));
}

TEST(ConfigNode, AbsentPathsCanBeAccepted) {
  for (const bool accepted : {false, true}) {
    const auto config = ConfigNode::parse("weights: nowhere\nseed: x\n", "x.yaml");
    if (accepted) config.accept_absent_paths();
    std::string weights;
    int64_t seed = 0;
    config.read("weights", weights, existing());
    config.read("seed", seed);
    EXPECT_EQ(weights, accepted ? "nowhere" : "");
    try {
      config.finish();
      ADD_FAILURE() << "the seed is wrong";
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find("nowhere") == std::string::npos, accepted);
    }
  }
}

}  // namespace
}  // namespace tvr
