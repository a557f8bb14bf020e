#include "heads/golden_cases.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "heads/golden.h"
#include "model/seeded_weights.h"

namespace tvr::test {
namespace {

constexpr int64_t kTexts = 3, kVideos = 4, kWords = 5, kFrames = 3, kPatches = 6, kDim = 8;

torch::Tensor input(const std::string& name, at::IntArrayRef shape) {
  return seeded(name, shape, 2).to(torch::kDouble).requires_grad_();
}
// [N,length]: the first of each row are real.
torch::Tensor mask_of(const std::vector<int64_t>& real, int64_t length) {
  auto mask = torch::zeros({static_cast<int64_t>(real.size()), length}, torch::kBool);
  for (size_t i = 0; i < real.size(); ++i) mask[static_cast<int64_t>(i)].slice(0, 0, real[i]).fill_(true);
  return mask;
}

void expect_case(const nlohmann::json& golden) {
  auto settings = yaml_of(golden.at("settings"));
  settings = settings.substr(1, settings.size() - 2);
  const auto type = golden.at("head").get<std::string>() + (settings.empty() ? "" : ", " + settings);
  SCOPED_TRACE(type);
  const auto head = make_head(type, {kDim, kFrames, kWords});
  fill_by_name(*head);
  TextFeatures text;
  text.pooled = input("pooled", {kTexts, kDim});
  text.tokens = input("tokens", {kTexts, kWords, kDim});
  text.mask = mask_of({5, 3, 4}, kWords);
  VideoFeatures video;
  video.frames = input("frames", {kVideos, kFrames, kDim});
  video.patches = input("patches", {kVideos, kFrames, kPatches, kDim});
  video.mask = mask_of({3, 2, 1, 3}, kFrames);
  torch::Tensor total = torch::zeros({}, torch::kDouble);
  for (const auto& part : head->parts(head->prepare(text, {}), head->prepare(video, {}), {})) {
    EXPECT_LT(relative_difference(part.value, golden.at("parts").at(part.name)), 1e-5) << part.name;
    total = total + (part.value * seeded("check." + part.name, {kTexts * kVideos}).view({kTexts, kVideos})).sum();
  }
  total.backward();
  auto leaves = head->named_parameters();
  for (const auto& [name, tensor] : std::map<std::string, torch::Tensor>{
           {"pooled", text.pooled}, {"tokens", text.tokens}, {"frames", video.frames}, {"patches", video.patches}})
    leaves.insert(name, tensor);
  size_t compared = 0;
  for (const auto& leaf : leaves) {
    const auto& gradients = golden.at("gradients");
    if (!gradients.contains(leaf.key())) continue;
    ASSERT_TRUE(leaf.value().grad().defined()) << leaf.key();
    EXPECT_LT(relative_difference(leaf.value().grad(), gradients.at(leaf.key())), 1e-5) << leaf.key();
    ++compared;
  }
  EXPECT_EQ(compared, golden.at("gradients").size());
}

}  // namespace

std::shared_ptr<InteractionHead> make_head(const std::string& type_and_settings, const HeadContext& context) {
  const auto node = ConfigNode::parse("head: {type: " + type_and_settings + "}");
  const auto builder = read_plugin(builtin_heads(), node, "head", "");
  node.finish();
  auto head = builder(context);
  head->to(torch::kDouble);
  return head;
}

size_t expect_golden_cases(const std::string& file) {
  const auto cases = head_golden(file);
  for (const auto& golden : cases) expect_case(golden);
  return cases.size();
}

}  // namespace tvr::test
