#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"
#include "tvr/data/batch.h"
#include "tvr/model/features.h"

namespace tvr {

/// Encodes videos once and keeps the features in shards (safetensors, 256 videos each) under `folder`; a shard that is
/// there already is not made again, so a kill loses at most one. Memory: one shard. `encode` is called from this
/// thread.
void make_feature_pack(const std::filesystem::path& folder, const VideoSource& videos,
                       const std::vector<std::string>& ids,
                       const std::function<VideoFeatures(const VideoInput&)>& encode);

/// The same for texts, whose words are padded to the table's length; their ids are the texts themselves.
void make_feature_pack(const std::filesystem::path& folder, const TextTable& texts, const std::vector<std::string>& ids,
                       const std::function<TextFeatures(const TextInput&)>& encode);

/// Features of a pack, mapped. A shard's checksum is compared when the pack is opened. Thread-safe.
class FeaturePack {
 public:
  /// Throws DataError if it does not hold the features of `ids` in that order, or its bytes are not those that were
  /// written.
  FeaturePack(const std::filesystem::path& folder, const std::vector<std::string>& ids);
  /// Copies of rows of every tensor of that name that the pack has.
  template <class Features>
  Features rows(const std::vector<int64_t>& rows) const {
    Features features;
    features.each([&](const std::string& name, torch::Tensor& tensor) { copy(name, rows, tensor); });
    return features;
  }

 private:
  void copy(const std::string& name, const std::vector<int64_t>& rows, torch::Tensor& tensor) const;

  std::vector<std::unique_ptr<SafetensorsFile>> shards_;
};

/// Videos of which a pack holds the features.
class FeatureVideoSource final : public VideoSource {
 public:
  FeatureVideoSource(const std::filesystem::path& folder, const std::vector<std::string>& ids)
      : size_(static_cast<int64_t>(ids.size())), pack_(folder, ids) {}
  int64_t size() const override { return size_; }
  VideoInput load(const std::vector<int64_t>& rows, const LoadKey& /*key*/) const override {
    VideoInput video;
    video.cached = pack_.rows<VideoFeatures>(rows);
    return video;
  }

 private:
  int64_t size_;
  FeaturePack pack_;
};

}  // namespace tvr
