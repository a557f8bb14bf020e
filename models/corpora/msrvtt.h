#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tvr/data/annotated_videos.h"
#include "tvr/data/caption_list.h"
#include "tvr/data/caption_tags.h"
#include "tvr/data/split_files.h"

namespace tvr {

struct MsrvttOptions : SplitOptions {
  MsrvttOptions() { val = "validate"; }
  std::string annotations, tags, captions = "csv";

  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("annotations", annotations,
      "The JSON with videos and sentences; empty: MSRVTT_data.json, train_val_videodatainfo.json with "
      "test_videodatainfo.json, or MSR_VTT.json, whichever is there");
    f("tags", tags, "csv with sen_id, video_id, need, pair; empty: tags.csv if it is there");
    f("train", train,
      "9k, 7k, full, 1ka; or a split of the JSON (train, validate, test); or a file: ids, or videos with captions "
      "(csv, tsv, jsonl, json)");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
    f("captions", captions,
      "all: every sentence of the JSON; first: its first one; csv: the list's own sentences where it has any, else all",
      one_of({"all", "first", "csv"}));
  }
  /// Paths are checked with the other settings, before any work; what is inside them when the corpus is built.
  std::string validate() const;
  /// The setting's file, or the ones in circulation that are there; none if none is.
  std::vector<std::filesystem::path> annotation_files() const;
};

/// MSR-VTT, and whatever is written in its formats (the generated demo corpus).
class MsrvttCorpus final : public Corpus {
 public:
  explicit MsrvttCorpus(const MsrvttOptions& options);
  std::vector<std::filesystem::path> sources() const override;

 private:
  RetrievalSplit read_split(const std::string& name) const override;
  bool is_named(const std::string& source) const;
  void take_list(const CaptionList& list, SplitBuilder& split) const;
  void take_captions(const CaptionList& list, SplitBuilder& split) const;
  const AnnotatedVideo& known(const CaptionRow& row) const;
  std::optional<PublishedCounts> published(const std::string& source, bool own_captions) const;

  MsrvttOptions options_;
  std::vector<std::filesystem::path> annotations_;
  AnnotatedVideos videos_;
  std::vector<std::string> split_names_;      // of the JSON
  std::map<std::string, CaptionList> lists_;  // by setting
  std::optional<std::filesystem::path> tags_file_;
  CaptionTags tags_;
};

}  // namespace tvr
