#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/random.h"
#include "tvr/eval/report.h"

namespace tvr::test {

/// Twelve videos in six twin pairs, two texts each; the right score is raised by `skill`.
struct Sample {
  std::shared_ptr<std::vector<float>> scores, part;
  EvaluationInput input;
};

inline Sample sample_input(uint64_t seed, double skill = 0.5) {
  constexpr int64_t kTexts = 24, kVideos = 12;
  Random random(seed, "sample evaluation");
  Sample sample{std::make_shared<std::vector<float>>(kTexts * kVideos),
                std::make_shared<std::vector<float>>(kTexts * kVideos),
                {}};
  auto& input = sample.input;
  input.scores = {sample.scores->data(), kTexts, kVideos};
  input.parts = {{"frames", {sample.part->data(), kTexts, kVideos}}};
  for (auto* values : {sample.scores.get(), sample.part.get()})
    for (int64_t i = 0; i < kTexts * kVideos; ++i)
      (*values)[i] = static_cast<float>(random.uniform() + (i / kVideos / 2 == i % kVideos ? skill : 0));
  Tag need{"need", {}};
  for (int64_t text = 0; text < kTexts; ++text) {
    input.video_of_text.push_back(text / 2);
    input.text_ids.push_back("text" + std::to_string(text));
    need.value_of_text.push_back(text < kTexts / 2 ? "order" : "global");
  }
  for (int64_t video = 0; video < kVideos; ++video) {
    input.video_ids.push_back("video" + std::to_string(video));
    input.cluster_of_video.push_back("pair" + std::to_string(video / 2));
  }
  input.tags = {need};
  return sample;
}

inline Protocol sample_protocol() {
  Protocol protocol;
  protocol.split = "test";
  protocol.bootstrap_draws = 300;
  protocol.bootstrap_seed = 4;
  return protocol;
}

inline Evaluation sample_evaluation(uint64_t seed, const Protocol& protocol = sample_protocol(), double skill = 0.5) {
  return evaluate_similarity(sample_input(seed, skill).input, protocol, 1);
}

}  // namespace tvr::test
