#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/corpus.h"

namespace tvr::test {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

/// What `work` says when it throws Expected; another text if it does not.
template <class Expected, class Work>
std::string error_text(Work&& work) {
  try {
    work();
  } catch (const Expected& error) {
    return error.what();
  }
  return "no such error";
}

inline std::shared_ptr<Corpus> open_corpus(const std::string& type, Json options) {
  options["type"] = type;
  const auto node = ConfigNode::parse(Json{{"data", options}}.dump());
  const auto build = read_plugin(builtin_corpora(), node, "data", "");
  node.finish();
  return build();
}

inline Strings ids(const RetrievalSplit& split) {
  Strings result;
  for (const auto& video : split.videos) result.push_back(video.id);
  return result;
}

/// "video7:a caption" of each caption.
inline Strings texts(const RetrievalSplit& split) {
  Strings result;
  for (const auto& caption : split.captions)
    result.push_back(split.videos.at(static_cast<size_t>(caption.video)).id + ":" + caption.text);
  return result;
}

/// A folder of a corpus, to be filled.
class CorpusTest : public testing::Test {
 protected:
  explicit CorpusTest(std::string type) : type_(std::move(type)) {}
  void add(const std::string& name, const std::string& content = "x") const {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << content;  // not flushed to the disk: quick
  }
  std::shared_ptr<Corpus> open(Json options = Json::object()) const {
    options["root"] = folder_.path().string();
    if (!options.contains("videos")) options["videos"] = "";
    return open_corpus(type_, options);
  }
  RetrievalSplit split(const std::string& name, const Json& options = Json::object()) const {
    return open(options)->split(name);
  }
  /// The DataError of opening it and reading a split.
  std::string complaint(const std::string& name, const Json& options = Json::object()) const {
    return error_text<DataError>([&] { split(name, options); });
  }
  std::string type_;
  TemporaryFolder folder_;
};

/// Real annotation files below the folder that TVR_TEST_DATA names.
class RealCorpusTest : public testing::Test {
 protected:
  RealCorpusTest(std::string type, std::string file) : type_(std::move(type)), file_(std::move(file)) {}
  void SetUp() override {
    const char* data = std::getenv("TVR_TEST_DATA");
    if (data == nullptr || !std::filesystem::exists(std::filesystem::path(data) / file_))
      GTEST_SKIP() << "TVR_TEST_DATA names no folder with " << file_;
    root_ = (std::filesystem::path(data) / file_).parent_path();
  }
  std::shared_ptr<Corpus> open(Json options = Json::object()) const {
    options["root"] = root_.string();
    options["videos"] = "";
    return open_corpus(type_, options);
  }
  static void expect_sizes(const RetrievalSplit& split, size_t videos, size_t captions) {
    EXPECT_EQ(split.videos.size(), videos) << split.name;
    EXPECT_EQ(split.captions.size(), captions) << split.name;
  }
  static void expect_published(const RetrievalSplit& split) {
    ASSERT_TRUE(split.published) << split.name;
    EXPECT_EQ(split.published->videos, split.listed_videos) << split.published->name;
    EXPECT_EQ(split.published->captions, split.listed_captions) << split.published->name;
  }
  std::string type_, file_;
  std::filesystem::path root_;
};

}  // namespace tvr::test
