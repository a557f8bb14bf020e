#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tvr/data/demo_scene.h"

namespace tvr {

/// Sizes and seed of the demo corpus; sizes lie within 1 and 100,000.
struct DemoCorpusOptions {
  int64_t train_pairs = 700;     ///< twin pairs, each of a random need
  int64_t val_pairs = 4;         ///< twin pairs of each need
  int64_t test_pairs = 20;       ///< twin pairs of each need
  uint64_t seed = 7;             ///< every split has a seed of its own, derived from this one
  std::string validate() const;  ///< "" or what is wrong
};

struct DemoVideo {
  std::string id;    ///< "video0" …, unique over all splits
  std::string pair;  ///< name of the twin pair: the cluster of confidence intervals
  DemoNeed need = DemoNeed::kGlobal;
  DemoScene scene;
  std::vector<std::string> captions;  ///< 6 in training, 2 elsewhere
};

struct DemoSplit {
  std::string name;               ///< "train", "validate", "test" as MSR-VTT calls them
  std::vector<DemoVideo> videos;  ///< twins next to each other
};

/// The scene pair `pair` of a split: a pure function of the arguments, whatever the split's size.
/// `need` is given for validate and test, drawn for train.
std::vector<DemoScene> draw_pair(uint64_t seed, const std::string& split, int64_t pair, DemoNeed need);

/// The three splits with their captions: train, validate, test. Seconds at most, about 1 KB a video.
std::vector<DemoSplit> draw_demo_corpus(const DemoCorpusOptions& options);

/// MSRVTT_data.json, test.csv (one row a test video, its first caption), tags.csv (sen_id,video_id,need,pair) and
/// demo.json.
void write_demo_annotations(const std::filesystem::path& folder, const DemoCorpusOptions& options,
                            const std::vector<DemoSplit>& splits);

/// True if `folder` holds the demo corpus of these options already; false if it is absent or empty. Throws DataError if
/// it holds anything else, or this corpus with videos missing.
bool has_demo_corpus(const std::filesystem::path& folder, const DemoCorpusOptions& options);

/// Writes videos/<id>.mp4 and the annotations, all or nothing, on `threads` threads (0: all processors). Returns false,
/// having done nothing, if the same corpus is there. Throws ConfigError for options out of range, DataError where a
/// file cannot be written or the folder holds something else. Memory: about 2 MB a thread and 1 KB a video. Part of
/// builds with video support.
bool write_demo_corpus(const std::filesystem::path& folder, const DemoCorpusOptions& options, int64_t threads = 0);

}  // namespace tvr
