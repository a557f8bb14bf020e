// ActivityNet Captions (Krishna et al., "Dense-Captioning Events in Videos", ICCV 2017): sentences about moments of
// long videos. Retrieval takes all sentences of a video as one paragraph and the whole video; val_1 serves as
// validation and test.
#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotated_videos.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/annotation_json.h"
#include "tvr/data/caption_list.h"
#include "tvr/data/split_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{{"train", {"train.json"}, {{"ActivityNet Captions train", 10009, 10009}}},
                                        {"val_1", {"val_1.json"}, {{"ActivityNet Captions val_1", 4917, 4917}}},
                                        {"val_2", {"val_2.json"}, {{"ActivityNet Captions val_2", 4885, 4885}}}};
  return kStandard;
}

struct ActivitynetOptions : ListedSplitOptions {
  ActivitynetOptions() { val = test = "val_1"; }

  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("train", train, "train, val_1 or val_2 (train.json, …), or such a file");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
    f("train_list", train_list,
      "Ids of the videos to take, in their order; those without captions are left out. Empty: all of the JSON");
    f("val_list", val_list, "The same for validation");
    f("test_list", test_list, "The same for the test");
  }
  std::string validate() const { return listed_problems(standard_splits()); }
};

// "v_QOlSCBRmfWY" is YouTube's "QOlSCBRmfWY"; an id that has eleven characters is one already.
std::string without_prefix(std::string_view name) {
  constexpr size_t kIdLength = 11;
  return std::string(name.starts_with("v_") && name.size() > kIdLength ? name.substr(2) : name);
}

struct Annotations {
  AnnotatedVideos videos;
  int64_t sentences = 0, late_ends = 0;  // late: behind the end of the video
};

double duration_of(const JsonElement& element) {
  const auto duration = element.at("duration");
  if (!(duration.number() > 0)) duration.fail("is not a number of seconds above 0");
  return duration.number();
}

constexpr double kRounding = 1e-6;  // of decimal seconds

// Moments are not used by retrieval, but a damaged file shows there.
void check_moments(const JsonElement& element, size_t sentences, double duration, int64_t& late_ends) {
  const auto moments = element.at("timestamps");
  if (moments.list().size() != sentences)
    moments.fail("has " + std::to_string(moments.size()) + " entries for " + std::to_string(sentences) + " sentences");
  for (const auto moment : moments) {
    std::vector<double> times;
    for (const auto time : moment.list()) times.push_back(time.number());
    if (times.size() != 2 || times[0] < 0 || times[1] < times[0]) moment.fail("is no [start, end] in seconds");
    late_ends += times[1] > duration + kRounding;
  }
}

Annotations read_annotations(const fs::path& file) {
  const JsonDocument document(file);
  Annotations annotations;
  for (const auto element : document.root().object()) {
    const auto id = without_prefix(element.key());
    if (id.empty()) element.fail("has an empty id");
    if (annotations.videos.find(id) != nullptr) element.fail("is there with and without v_");
    const auto sentences = element.at("sentences");
    if (sentences.list().size() == 0) sentences.fail("is empty");
    std::vector<std::string> parts;
    for (const auto sentence : sentences) parts.emplace_back(sentence.text());
    annotations.sentences += static_cast<int64_t>(parts.size());
    auto& video = annotations.videos.get(id);
    const double duration = duration_of(element);
    video.item.end = std::ceil(duration);
    video.captions.push_back({id, join(parts, " ")});
    check_moments(element, parts.size(), duration, annotations.late_ends);
  }
  return annotations;
}

class ActivitynetCorpus final : public Corpus {
 public:
  explicit ActivitynetCorpus(const ActivitynetOptions& options)
      : Corpus(options), splits_(options, standard_splits(), [&](const std::string& split, const fs::path& file) {
          const auto& list = options.list(split);
          return read(file, list.empty() ? fs::path() : resolve(list));
        }) {}

  std::vector<fs::path> sources() const override {
    auto files = splits_.files();
    files.insert(files.end(), lists_.begin(), lists_.end());
    return files;
  }

 private:
  RetrievalSplit read_split(const std::string& name) const override { return splits_.split(name); }

  RetrievalSplit read(const fs::path& file, const fs::path& list) {
    const auto annotations = read_annotations(file);
    SplitBuilder builder;
    if (list.empty())
      for (const auto& video : annotations.videos.all()) builder.add(video);
    else
      take_listed(annotations.videos, file, list, builder);
    builder.note(file.string() + " has " + std::to_string(annotations.sentences) +
                 " sentences; those of a video are one "
                 "paragraph.");
    if (annotations.late_ends > 0)
      builder.note(std::to_string(annotations.late_ends) +
                   " moments end behind their video's end; only the video's "
                   "duration is used.");
    auto split = builder.take();
    if (split.videos.empty())
      throw DataError(file.string() + ": has no video" + (list.empty() ? "." : " of " + list.string() + "."));
    return split;
  }

  void take_listed(const AnnotatedVideos& videos, const fs::path& file, const fs::path& list, SplitBuilder& builder) {
    if (std::find(lists_.begin(), lists_.end(), list) == lists_.end()) lists_.push_back(list);
    std::vector<std::string> silent, unlisted;
    std::unordered_set<std::string> listed;
    for (const auto& row : read_id_list(list)) {
      const auto id = without_prefix(row.video);
      if (!listed.insert(id).second) throw DataError(row.where + ": repeats the video " + in_quotes(id) + ".");
      if (const auto* video = videos.find(id))
        builder.add(*video);
      else
        silent.push_back(id);
    }
    for (const auto& video : videos.all())
      if (listed.count(video.item.id) == 0) unlisted.push_back(video.item.id);
    if (!silent.empty())
      builder.note(some_of(silent) + " of " + list.string() + " have no captions in " + file.string() +
                   " and were left out.");
    if (!unlisted.empty())
      builder.note(some_of(unlisted) + " of " + file.string() + " are not in " + list.string() + " and were left out.");
  }

  std::vector<fs::path> lists_;
  SplitFiles splits_;
};

}  // namespace

TVR_REGISTER_CORPUS(activitynet, ActivitynetCorpus, ActivitynetOptions)

}  // namespace tvr
