// DiDeMo (Hendricks et al., "Localizing Moments in Video with Natural Language", ICCV 2017): about four descriptions of
// moments a video. Retrieval takes all of them, in file order, as one paragraph, and the first 31 seconds. Lists of
// file names say which videos of the JSON count (Liu et al., collaborative experts, BMVC 2019).
#include <algorithm>
#include <map>
#include <unordered_set>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotated_videos.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/annotation_json.h"
#include "tvr/data/caption_list.h"
#include "tvr/data/csv_table.h"
#include "tvr/data/split_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

constexpr double kWindow = 31;  // seconds, whatever the length of the clip
constexpr char kNoList[] = "none";

using Strings = std::vector<std::string>;

const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{{"train", {"train_data.json"}, {{"DiDeMo train list", 8392, 8392}}},
                                        {"val", {"val_data.json"}, {{"DiDeMo validation list", 1065, 1065}}},
                                        {"test", {"test_data.json"}, {{"DiDeMo test list", 1004, 1004}}}};
  return kStandard;
}

struct DidemoOptions : ListedSplitOptions {
  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("train", train,
      "train, val or test (train_data.json, …), or a file: such a JSON, or a csv with video_path and text, whose "
      "paragraphs stand in for a JSON that is missing");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
    f("train_list", train_list,
      "File names of the videos that count; empty: train_list.txt, … for train, val and test if it is there; none: "
      "all");
    f("val_list", val_list, "The same for validation");
    f("test_list", test_list, "The same for the test");
  }
  std::string validate() const { return listed_problems(standard_splits(), kNoList); }
  // Empty: none. The list belongs to what the setting names, not to the split it is used as.
  fs::path list_file(const std::string& split) const {
    const auto &name = list(split), &named = source(split);
    if (name == kNoList) return {};
    if (!name.empty()) return fs::path(root) / name;
    const auto standard = fs::path(root) / (named + "_list.txt");
    const bool is_standard = named == "train" || named == "val" || named == "test";
    return is_standard && fs::exists(standard) ? standard : fs::path();
  }
};

VideoItem item_of(const std::string& id) {
  VideoItem item;
  item.id = id;
  item.end = kWindow;
  return item;
}

// The descriptions of a video, joined by one blank, in file order.
AnnotatedVideos read_descriptions(const fs::path& file) {
  const JsonDocument document(file);
  AnnotatedVideos videos;
  for (const auto element : document.root().list()) {
    const auto id = element.at("video");
    if (id.text().empty()) id.fail("is empty");
    const auto description = element.at("description").text();
    auto& video = videos.get(std::string(id.text()));
    if (video.captions.empty()) {
      video.item = item_of(video.item.id);
      video.captions.push_back({video.item.id, std::string(description)});
    } else {
      video.captions.front().text += " " + std::string(description);
    }
  }
  return videos;
}

AnnotatedVideos read_paragraphs(const fs::path& file) {
  const CsvTable table(file);
  AnnotatedVideos videos;
  for (int64_t row = 0; row < table.rows(); ++row) {
    const auto id = fs::path(table.at(row, "video_path")).filename().string();
    if (id.empty()) throw DataError(table.where(row) + ": names no video.");
    if (videos.find(id) != nullptr) throw DataError(table.where(row) + ": repeats the video " + in_quotes(id) + ".");
    auto& video = videos.get(id);
    video.item = item_of(id);
    video.captions.push_back({id, table.at(row, "text")});
  }
  return videos;
}

// Which videos a list means. The JSON has some videos under two names that differ in the extension, and lists name
// files that were converted: a name means the video of exactly that name, else the one video of its stem.
class ListedVideos {
 public:
  ListedVideos(const AnnotatedVideos& videos, const fs::path& list) {
    std::map<std::string, Strings> by_stem;
    for (const auto& video : videos.all()) by_stem[video_stem(video.item.id)].push_back(video.item.id);
    for (const auto& row : read_id_list(list)) {
      const auto same_stem = by_stem.find(video_stem(row.video));
      if (videos.find(row.video) != nullptr)
        meant_.insert(row.video);
      else if (same_stem != by_stem.end() && same_stem->second.size() == 1)
        meant_.insert(same_stem->second.front());
      else
        unknown_.push_back(row.video);
    }
  }
  bool holds(const std::string& id) const { return meant_.count(id) > 0; }
  const Strings& unknown() const { return unknown_; }  // names that mean no video

 private:
  std::unordered_set<std::string> meant_;
  Strings unknown_;
};

class DidemoCorpus final : public Corpus {
 public:
  explicit DidemoCorpus(const DidemoOptions& options)
      : Corpus(options), splits_(options, standard_splits(), [&](const std::string& split, const fs::path& file) {
          return read(file, options.list_file(split));
        }) {}

  std::vector<fs::path> sources() const override {
    auto files = splits_.files();
    files.insert(files.end(), lists_.begin(), lists_.end());
    return files;
  }

 private:
  RetrievalSplit read_split(const std::string& name) const override { return splits_.split(name); }

  RetrievalSplit read(const fs::path& file, const fs::path& list) {
    const auto videos = file.extension() == ".csv" ? read_paragraphs(file) : read_descriptions(file);
    auto split = list.empty() ? all_of(videos) : listed(videos, file, list);
    if (split.videos.empty())
      throw DataError(file.string() + ": has no video" + (list.empty() ? "." : " of " + list.string() + "."));
    return split;
  }

  static RetrievalSplit all_of(const AnnotatedVideos& videos) {
    SplitBuilder builder;
    for (const auto& video : videos.all()) builder.add(video);
    return builder.take();
  }

  RetrievalSplit listed(const AnnotatedVideos& videos, const fs::path& file, const fs::path& list) {
    if (std::find(lists_.begin(), lists_.end(), list) == lists_.end()) lists_.push_back(list);
    const ListedVideos counted(videos, list);
    SplitBuilder builder;
    Strings unlisted;
    for (const auto& video : videos.all())
      if (counted.holds(video.item.id))
        builder.add(video);
      else
        unlisted.push_back(video.item.id);
    if (!unlisted.empty())
      builder.note(some_of(unlisted) + " of " + file.string() + " are not in " + list.string() + " and were left out.");
    if (!counted.unknown().empty())
      builder.note(some_of(counted.unknown()) + " of " + list.string() + " have no description in " + file.string() +
                   ".");
    return builder.take();
  }

  std::vector<fs::path> lists_;
  SplitFiles splits_;
};

}  // namespace

TVR_REGISTER_CORPUS(didemo, DidemoCorpus, DidemoOptions)

}  // namespace tvr
