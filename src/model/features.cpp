#include "tvr/model/features.h"

#include <torch/torch.h>

#include <algorithm>

namespace tvr {
namespace {

// Concatenates along dimension 0; dimension 1 (words) is padded to the longest.
torch::Tensor concatenate_padded(const std::vector<torch::Tensor>& blocks) {
  int64_t longest = 0;
  for (const auto& block : blocks) longest = std::max(longest, block.dim() > 1 ? block.size(1) : 0);
  std::vector<torch::Tensor> padded;
  for (const auto& block : blocks) {
    if (block.dim() < 2 || block.size(1) == longest) {
      padded.push_back(block);
      continue;
    }
    auto shape = block.sizes().vec();
    shape[1] = longest - shape[1];
    padded.push_back(torch::cat({block, torch::zeros(shape, block.options())}, 1));
  }
  return torch::cat(padded, 0);
}

template <class Features>
Features concatenate_blocks(const std::vector<Features>& blocks) {
  TORCH_CHECK(!blocks.empty(), "concatenate needs at least one block");
  Features result = blocks.front();
  std::vector<std::vector<torch::Tensor>> columns;
  for (const auto& block : blocks) {
    size_t column = 0;
    block.each([&](const std::string&, const torch::Tensor& tensor) {
      if (columns.size() <= column) columns.emplace_back();
      columns[column++].push_back(tensor);
    });
  }
  size_t column = 0;
  result.each([&](const std::string& name, torch::Tensor& tensor) {
    const auto& parts = columns[column++];
    TORCH_CHECK(parts.size() == blocks.size(), "features differ in their tensors at ", name);
    if (tensor.defined()) tensor = concatenate_padded(parts);
  });
  return result;
}

template <class Features>
int64_t total_bytes(const Features& features) {
  int64_t bytes = 0;
  features.each([&](const std::string&, const torch::Tensor& tensor) {
    if (tensor.defined()) bytes += static_cast<int64_t>(tensor.nbytes());
  });
  return bytes;
}

}  // namespace

TextInput to(const TextInput& text, const torch::Device& device) {
  return {text.ids.to(device), text.mask.to(device), to(text.cached, device)};
}

VideoInput to(const VideoInput& video, const torch::Device& device) {
  const auto move = [&](const torch::Tensor& tensor) { return tensor.defined() ? tensor.to(device) : tensor; };
  return {move(video.pixels), move(video.mask), move(video.times), to(video.cached, device)};
}

TextFeatures concatenate(const std::vector<TextFeatures>& blocks) {
  return concatenate_blocks(blocks);
}
VideoFeatures concatenate(const std::vector<VideoFeatures>& blocks) {
  return concatenate_blocks(blocks);
}
int64_t byte_size(const TextFeatures& features) {
  return total_bytes(features);
}
int64_t byte_size(const VideoFeatures& features) {
  return total_bytes(features);
}

}  // namespace tvr
