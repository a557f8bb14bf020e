#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tvr/model/features.h"
#include "tvr/model/weights.h"

namespace tvr {

/// Blocks of encoded texts or videos: in memory up to a budget, beyond it in files that the destructor removes.
template <class Features>
class FeatureStore {
 public:
  FeatureStore(int64_t budget_bytes, std::filesystem::path folder, std::string name)
      : left_(budget_bytes), folder_(std::move(folder)), name_(std::move(name)) {}
  ~FeatureStore() {
    std::error_code ignored;  // a scratch file left behind is harmless, an exception here is not
    for (const auto& block : blocks_)
      if (!block.file.empty()) std::filesystem::remove(block.file, ignored);
  }
  FeatureStore(const FeatureStore&) = delete;
  FeatureStore& operator=(const FeatureStore&) = delete;

  void add(const Features& features) {
    Block block{features, {}};
    left_ -= byte_size(features);
    if (left_ < 0) {
      block.file = folder_ / ("tvr-scratch-" + std::to_string(getpid()) + "-" + name_ + "-" +
                              std::to_string(blocks_.size()) + ".safetensors");
      save_tensors(block.file, tensors_of(features));
      // The names of the optional sets stay, the tensors go.
      block.features = transformed(features, [](const torch::Tensor&) { return torch::Tensor(); });
    }
    blocks_.push_back(std::move(block));
  }

  int64_t size() const { return static_cast<int64_t>(blocks_.size()); }

  Features at(int64_t index) const {
    const auto& block = blocks_[static_cast<size_t>(index)];
    if (block.file.empty()) return block.features;
    auto features = block.features;
    const SafetensorsFile file(block.file);
    features.each([&](const std::string& key, torch::Tensor& tensor) {
      if (file.has(key)) tensor = tensor_of(file.at(key));
    });
    return features;
  }

 private:
  struct Block {
    Features features;
    std::filesystem::path file;  ///< empty: in memory
  };
  int64_t left_;
  std::filesystem::path folder_;
  std::string name_;
  std::vector<Block> blocks_;
};

}  // namespace tvr
