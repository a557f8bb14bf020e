#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tvr/data/corpus.h"
#include "tvr/model/features.h"
#include "tvr/text/tokenizer.h"

namespace tvr {

/// A training batch: row i of `text` describes row i of `video`.
struct PairBatch {
  TextInput text;
  VideoInput video;
  torch::Tensor video_index;  ///< [B] int64; equal entries are the same video
  VideoInput second = {};     ///< the same videos looked at again, for heads that want two views
};

/// Training batches as a pure function of (epoch, index), so that threads, resuming and repeating change nothing.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual int64_t batches_per_epoch() const = 0;
  virtual int64_t batch_size() const = 0;
  /// Thread-safe. Throws DataError naming the video that cannot be read.
  virtual PairBatch batch(int64_t epoch, int64_t index) const = 0;
};

class FeaturePack;

/// Tokenised captions. Memory: 9 bytes a token place.
class TextTable {
 public:
  TextTable(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t context_length);
  int64_t size() const { return tokens_.rows; }
  int64_t truncated() const { return tokens_.truncated; }
  int64_t mojibake() const {
    return tokens_.mojibake;
  }                                                  ///< texts that were decoded wrongly before, by the look of them
  int64_t length() const { return tokens_.length; }  ///< token places of a text
  /// From now on rows() carries the features of the texts, which `pack` holds in this table's order.
  void attach(std::shared_ptr<const FeaturePack> pack) { pack_ = std::move(pack); }
  /// The rows asked for, cut to the longest of them.
  TextInput rows(const std::vector<int64_t>& rows) const;

 private:
  TokenBatch tokens_;
  std::shared_ptr<const FeaturePack> pack_;
};

/// begin, begin + 1, … end - 1.
std::vector<int64_t> row_range(int64_t begin, int64_t end);

/// How videos are looked at: as in evaluation, or with what training draws (frames, crops, mirroring).
struct LoadKey {
  bool training = false;
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t view = 0;  ///< of the same videos: view 1 draws independently of view 0
};

/// Videos as a model's encoder wants them, by position in a split.
class VideoSource {
 public:
  virtual ~VideoSource() = default;
  virtual int64_t size() const = 0;
  /// A pure function of its arguments. Thread-safe. Throws DataError naming the video that cannot be read.
  virtual VideoInput load(const std::vector<int64_t>& rows, const LoadKey& key) const = 0;
};

/// Everything an evaluation of one split needs.
struct EvaluationData {
  RetrievalSplit split;
  std::shared_ptr<const TextTable> texts;     ///< one row a caption
  std::shared_ptr<const VideoSource> videos;  ///< one row a video
};

}  // namespace tvr
