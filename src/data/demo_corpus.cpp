#include "tvr/data/demo_corpus.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/random.h"
#include "tvr/base/version.h"
#include "tvr/data/demo_captions.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

// Raised when the same options give another corpus.
constexpr int kGrammar = 1;
constexpr int kTrainCaptions = 6, kExactCaptions = 2;
constexpr const char* kTrain = "train";

// Orders need time on the token and are learnt last, so their share is double.
constexpr std::array kTrainNeeds{DemoNeed::kGlobal, DemoNeed::kBrief,  DemoNeed::kRegion, DemoNeed::kOrder,
                                 DemoNeed::kOrder,  DemoNeed::kMotion, DemoNeed::kAudio,  DemoNeed::kText};

uint64_t split_seed(uint64_t seed, const std::string& split) {
  return Random(seed, "demo split " + split).bits();
}

DemoNeed need_of(uint64_t seed, const std::string& split, int64_t pair) {
  if (split != kTrain) return static_cast<DemoNeed>(pair % static_cast<int64_t>(kDemoNeeds.size()));
  Random random(split_seed(seed, split), "demo need", 0, static_cast<uint64_t>(pair));
  return kTrainNeeds[static_cast<size_t>(random.integer(static_cast<int64_t>(kTrainNeeds.size())))];
}

void add_captions(DemoSplit& split, uint64_t seed) {
  std::vector<DemoScene> scenes;
  for (const auto& video : split.videos) scenes.push_back(video.scene);
  for (int64_t i = 0; i < static_cast<int64_t>(split.videos.size()); ++i) {
    auto& video = split.videos[static_cast<size_t>(i)];
    Random random(split_seed(seed, split.name), "demo captions", 0, static_cast<uint64_t>(i));
    const bool train = split.name == kTrain;
    while (video.captions.size() < static_cast<size_t>(train ? kTrainCaptions : kExactCaptions)) {
      auto caption = train ? draw_training_caption(video.scene, video.need, random)
                           : draw_exact_caption(scenes, i, video.need, random);
      if (std::find(video.captions.begin(), video.captions.end(), caption.text) == video.captions.end())
        video.captions.push_back(std::move(caption.text));
    }
  }
}

DemoSplit draw_split(const std::string& name, int64_t pairs, uint64_t seed, int64_t first_id) {
  DemoSplit split{name, {}};
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const DemoNeed need = need_of(seed, name, pair);
    for (auto& scene : draw_pair(seed, name, pair, need)) {
      const auto id = first_id + static_cast<int64_t>(split.videos.size());
      split.videos.push_back({"video" + std::to_string(id), name + std::to_string(pair), need, std::move(scene), {}});
    }
  }
  add_captions(split, seed);
  return split;
}

// One element a line, so that the file can be read and compared by people.
std::string json_list(const std::vector<Json>& elements) {
  std::string text = "[\n";
  for (size_t i = 0; i < elements.size(); ++i) text += elements[i].dump() + (i + 1 < elements.size() ? ",\n" : "\n");
  return text + "]";
}

std::string annotations_json(const DemoCorpusOptions& options, const std::vector<DemoSplit>& splits) {
  std::vector<Json> videos, sentences;
  for (const auto& split : splits) {
    for (const auto& video : split.videos) {
      const double length = static_cast<double>(kDemoFrames) / kDemoFramesPerSecond;
      videos.push_back({{"category", static_cast<int>(video.need)},
                        {"url", "generated:" + video.pair},
                        {"video_id", video.id},
                        {"start time", 0.0},
                        {"end time", length},
                        {"split", split.name},
                        {"id", videos.size()}});
      for (const auto& caption : video.captions)
        sentences.push_back({{"caption", caption}, {"video_id", video.id}, {"sen_id", sentences.size()}});
    }
  }
  const Json info{{"description", "generated demo corpus of tvr"}, {"seed", options.seed}};
  return "{\"info\": " + info.dump() + ",\n\"videos\": " + json_list(videos) +
         ",\n\"sentences\": " + json_list(sentences) + "}\n";
}

std::string tags_csv(const std::vector<DemoSplit>& splits) {
  std::string text = "sen_id,video_id,need,pair\n";
  int64_t sentence = 0;
  for (const auto& split : splits)
    for (const auto& video : split.videos)
      for (size_t i = 0; i < video.captions.size(); ++i)
        text += std::to_string(sentence++) + "," + video.id + "," +
                std::string(kDemoNeeds[static_cast<size_t>(video.need)]) + "," + video.pair + "\n";
  return text;
}

std::string test_csv(const DemoSplit& test) {
  std::string text = "key,vid_key,video_id,sentence\n";
  int64_t row = 0;
  for (const auto& video : test.videos)
    text += "ret" + std::to_string(row++) + ",msr" + video.id.substr(std::string("video").size()) + "," + video.id +
            "," + csv_field(video.captions.front()) + "\n";
  return text;
}

// What decides the corpus: equal values, equal corpus.
Json identity(const DemoCorpusOptions& options) {
  return {{"grammar", kGrammar},
          {"seed", options.seed},
          {"train_pairs", options.train_pairs},
          {"val_pairs_per_need", options.val_pairs},
          {"test_pairs_per_need", options.test_pairs}};
}

int64_t count_videos(const DemoCorpusOptions& options) {
  return 2 * (options.train_pairs + static_cast<int64_t>(kDemoNeeds.size()) * (options.val_pairs + options.test_pairs));
}

bool describes_same(const fs::path& file, const DemoCorpusOptions& options) {
  if (!fs::exists(file)) return false;
  const auto found = Json::parse(read_file(file), nullptr, false);
  if (!found.is_object()) return false;
  const Json wanted = identity(options);
  for (const auto& [key, value] : wanted.items())
    if (!found.contains(key) || found[key] != value) return false;
  return true;
}

}  // namespace

std::string DemoCorpusOptions::validate() const {
  for (const auto& [name, pairs] : {std::pair{"train", train_pairs}, {"validation", val_pairs}, {"test", test_pairs}})
    if (pairs < 1 || pairs > 100000)
      return "the number of " + std::string(name) + " pairs is " + std::to_string(pairs) +
             "; it must lie within 1 and 100000";
  return "";
}

std::vector<DemoScene> draw_pair(uint64_t seed, const std::string& split, int64_t pair, DemoNeed need) {
  Random random(split_seed(seed, split), "demo scene", 0, static_cast<uint64_t>(pair));
  const DemoScene scene = draw_scene(random);
  const DemoScene twin = draw_twin(scene, need, random);
  return {scene, twin};
}

std::vector<DemoSplit> draw_demo_corpus(const DemoCorpusOptions& options) {
  if (const auto message = options.validate(); !message.empty()) throw ConfigError("demo corpus: " + message + ".");
  const auto needs = static_cast<int64_t>(kDemoNeeds.size());
  const int64_t train = options.train_pairs, val = options.val_pairs * needs, test = options.test_pairs * needs;
  std::vector<DemoSplit> splits;
  splits.push_back(draw_split(kTrain, train, options.seed, 0));
  splits.push_back(draw_split("validate", val, options.seed, 2 * train));
  splits.push_back(draw_split("test", test, options.seed, 2 * (train + val)));
  return splits;
}

void write_demo_annotations(const fs::path& folder, const DemoCorpusOptions& options,
                            const std::vector<DemoSplit>& splits) {
  write_file(folder / "MSRVTT_data.json", annotations_json(options, splits));
  write_file(folder / "test.csv", test_csv(splits.back()));
  write_file(folder / "tags.csv", tags_csv(splits));
  Json description = identity(options);
  description["tvr"] = version();
  description["videos"] = count_videos(options);
  write_file(folder / "demo.json", description.dump(2) + "\n");
}

bool has_demo_corpus(const fs::path& folder, const DemoCorpusOptions& options) {
  if (!fs::exists(folder)) return false;
  if (!fs::is_directory(folder)) throw DataError(folder.string() + ": is a file; give the name of a folder.");
  if (fs::is_empty(folder)) return false;
  if (!describes_same(folder / "demo.json", options))
    throw DataError(folder.string() +
                    ": exists and is not the demo corpus of this seed and these sizes; choose another folder.");
  int64_t found = 0;
  if (fs::is_directory(folder / "videos"))
    found = std::distance(fs::directory_iterator(folder / "videos"), fs::directory_iterator());
  if (found < count_videos(options))
    throw DataError(folder.string() + ": holds " + std::to_string(found) + " of the demo corpus' " +
                    std::to_string(count_videos(options)) + " videos; remove the folder and generate it again.");
  return true;
}

}  // namespace tvr
