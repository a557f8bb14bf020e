#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tvr/config/plugin.h"
#include "tvr/data/video_folder.h"

namespace tvr {

struct VideoItem {
  std::string id;
  std::filesystem::path path;  ///< empty if the corpus was told to look for no files, and for black videos
  double start = 0;            ///< the part that the captions describe, in seconds of the file
  double end = std::numeric_limits<double>::infinity();
  bool black = false;  ///< its file cannot be used: black frames stand in (policy substitute-black)
};

struct CaptionItem {
  std::string id;
  std::string text;   ///< as the annotation has it, blanks and all, unless a setting normalises it
  int64_t video = 0;  ///< index into RetrievalSplit::videos
  std::string need;   ///< what tells the video from its twin, "" without a tags file
  std::string pair;   ///< the twin pair: the cluster of confidence intervals, "" without a tags file
};

/// A listed video whose file cannot be used.
struct UnusableVideo {
  std::string id;
  std::string reason;  ///< a sentence without the id: "has no file", "is empty (0 bytes)"
};

/// What the literature counts in a split.
struct PublishedCounts {
  std::string name;  ///< "MSR-VTT 1k-A test (JSFusion)"
  int64_t videos = 0, captions = 0;
};

/// One split of a corpus. The order is part of it: similarity matrices are compared row by row with published ones.
struct RetrievalSplit {
  std::string name;  ///< "train", "val" or "test"
  std::vector<VideoItem> videos;
  std::vector<CaptionItem> captions;
  int64_t listed_videos = 0, listed_captions = 0;  ///< before unusable videos were left out
  std::vector<UnusableVideo> unusable;             ///< left out with their captions, or black, by the policy
  std::vector<std::string> notes;                  ///< oddities met and what was done about them, a sentence each
  std::optional<PublishedCounts> published;        ///< where the split is one the literature counts
};

/// SHA-256 over the ordered ids and texts of videos and captions: equal for two runs that evaluated the same rows.
std::string order_sha256(const RetrievalSplit& split);

/// Settings that every corpus has; a plug-in's Options derive from it and call CorpusOptions::fields first.
struct CorpusOptions {
  std::string root = ".", videos = "videos", missing = "fail", verify = "headers", text = "as_is";
  template <class Visit>
  void fields(Visit&& f) {
    f("root", root, "Folder of the corpus; the other paths are relative to it");
    f("videos", videos, "Folder searched, with those below it, for the video of each id; \"\" looks for no files");
    f("missing", missing,
      "Videos without a usable file: fail, skip them with their captions, or substitute-black frames",
      one_of({"fail", "skip", "substitute-black"}));
    f("verify", verify,
      "What is looked at before work begins. none: that files exist; headers: that they open and their first frame "
      "decodes; decode: every frame (once; the result is kept)",
      one_of({"none", "headers", "decode"}));
    f("text", text, "Captions as_is, or collapse: without blanks around them, inner runs of white space as one blank",
      one_of({"as_is", "collapse"}));
  }
  /// "" or what is wrong with root and videos.
  std::string validate() const;
};

/// Annotations of videos with captions, read once by the constructor, which throws DataError for what is malformed.
/// Thread-safe.
class Corpus {
 public:
  explicit Corpus(CorpusOptions files) : files_(std::move(files)) {}
  virtual ~Corpus() = default;
  /// "train", "val" or "test": as annotated, texts normalised, files found by VideoFolder, the policy applied to videos
  /// without one. Throws ConfigError for another name, DataError for lists that contradict the annotations and, by the
  /// policy `fail`, for videos without a file.
  RetrievalSplit split(const std::string& name) const;
  /// The same before any file is looked for and any policy applied.
  RetrievalSplit annotated(const std::string& name) const;
  /// Where the file of a video is, or why it cannot be used. Throws DataError if it has several, or the folder of
  /// videos cannot be read.
  FoundVideo find_file(const VideoItem& video) const;
  /// Every annotation file that is read, for checksums.
  virtual std::vector<std::filesystem::path> sources() const = 0;
  const CorpusOptions& files() const { return files_; }

 protected:
  /// The split as the annotation files have it; `name` is one of the three.
  virtual RetrievalSplit read_split(const std::string& name) const = 0;
  /// Under which names the file of a video is looked for, the first found counts; an absolute path is taken as it is.
  virtual std::vector<std::string> file_names(const VideoItem& video) const { return {video.id}; }
  std::filesystem::path resolve(const std::string& path) const { return std::filesystem::path(files_.root) / path; }

 private:
  const VideoFolder& folder() const;
  CorpusOptions files_;
  mutable std::mutex walking_;
  mutable std::unique_ptr<const VideoFolder> folder_;  ///< walked once for all splits, when first needed
};

/// Applies a policy to videos found unusable, `reasons[i]` of split.videos[i] ("" is usable): `fail` throws DataError
/// with the first ten and what to do, `skip` leaves them out with their captions, `substitute-black` marks them black.
/// Throws DataError if no video is left.
void apply_policy(RetrievalSplit& split, const std::vector<std::string>& reasons, const std::string& policy);

/// data: {type: NAME, …}
using CorpusRegistry = PluginRegistry<Corpus>;

CorpusRegistry builtin_corpora();  ///< everything under models/corpora, listed by the build

/// Last line of a corpus' file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_CORPUS(NAME, CORPUS, OPTIONS)               \
  void register_corpus_##NAME(CorpusRegistry& registry) {        \
    registry.add(#NAME, make_plugin<CORPUS, OPTIONS, Corpus>()); \
  }

}  // namespace tvr
