// One's own videos: lists of videos and captions as csv, tsv, jsonl or json, several captions a video, and parts of
// videos by start and end.
#include <fmt/format.h>

#include <cmath>
#include <unordered_map>

#include "tvr/base/error.h"
#include "tvr/data/annotated_videos.h"
#include "tvr/data/caption_list.h"
#include "tvr/data/split_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{{"train", {"train.csv", "train.tsv", "train.jsonl", "train.json"}, {}},
                                        {"val", {"val.csv", "val.tsv", "val.jsonl", "val.json"}, {}},
                                        {"test", {"test.csv", "test.tsv", "test.jsonl", "test.json"}, {}}};
  return kStandard;
}

struct PairsOptions : SplitOptions {
  PairsOptions() { videos = "."; }
  std::string match = "path";

  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("train", train,
      "train, val or test (train.csv, .tsv, .jsonl or .json, …), or such a file: video and caption, also start and end "
      "in seconds");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
    f("match", match,
      "path: videos are ids, or paths below the folder data.videos, or absolute; name: only the last part of a path "
      "counts, for lists made on another machine",
      one_of({"path", "name"}));
  }
  std::string validate() const { return problems(standard_splits()); }
};

class PairsCorpus final : public Corpus {
 public:
  explicit PairsCorpus(const PairsOptions& options)
      : Corpus(options),
        by_name_(options.match == "name"),
        splits_(options, standard_splits(), [&](const std::string&, const fs::path& file) { return read(file); }) {}

  std::vector<fs::path> sources() const override { return splits_.files(); }

 private:
  RetrievalSplit read_split(const std::string& name) const override { return splits_.split(name); }

  RetrievalSplit read(const fs::path& file) {
    const auto list = read_caption_list(file);
    if (!list.has_captions)
      throw DataError(file.string() +
                      ": has no captions; a column or key named sentence, caption or text is expected.");
    SplitBuilder builder;
    for (const auto& row : list.rows) builder.caption(builder.video(item_of(row)), row.id, row.text);
    return builder.take();
  }

  // Parts of a video are items of their own; their ids are the video's with the seconds.
  VideoItem item_of(const CaptionRow& row) {
    const auto path = fs::path(row.video).lexically_normal();
    const auto name = by_name_ ? path.filename().string() : path.string();
    VideoItem item;
    item.id = name;
    item.start = row.start;
    item.end = row.end;
    if (row.start > 0 || std::isfinite(row.end)) {
      item.id += fmt::format("#{}-{}", row.start, std::isfinite(row.end) ? fmt::format("{}", row.end) : "");
      names_.emplace(item.id, name);
    }
    return item;
  }

  std::vector<std::string> file_names(const VideoItem& video) const override {
    const auto name = names_.find(video.id);
    return {name == names_.end() ? video.id : name->second};
  }

  bool by_name_;
  std::unordered_map<std::string, std::string> names_;  // of files, where the id has seconds
  SplitFiles splits_;
};

}  // namespace

TVR_REGISTER_CORPUS(pairs, PairsCorpus, PairsOptions)

}  // namespace tvr
