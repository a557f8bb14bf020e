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
  std::shared_ptr<DenseScores> score_matrix, part_matrix;
  EvaluationInput input;
};

inline Sample sample_input(uint64_t seed, double skill = 0.5) {
  constexpr int64_t kTexts = 24, kVideos = 12;
  Random random(seed, "sample evaluation");
  Sample sample{std::make_shared<std::vector<float>>(kTexts * kVideos),
                std::make_shared<std::vector<float>>(kTexts * kVideos),
                {},
                {},
                {}};
  sample.score_matrix = std::make_shared<DenseScores>(sample.scores->data(), kTexts, kVideos);
  sample.part_matrix = std::make_shared<DenseScores>(sample.part->data(), kTexts, kVideos);
  auto& input = sample.input;
  input.scores = sample.score_matrix.get();
  input.parts = {{"frames", sample.part_matrix.get()}};
  for (auto* values : {sample.scores.get(), sample.part.get()})
    for (int64_t i = 0; i < kTexts * kVideos; ++i)
      (*values)[i] = static_cast<float>(random.uniform() + (i / kVideos / 2 == i % kVideos ? skill : 0));
  Tag need{"need", {}};
  std::vector<int64_t> video_of_text;
  for (int64_t text = 0; text < kTexts; ++text) {
    video_of_text.push_back(text / 2);
    input.text_ids.push_back("text" + std::to_string(text));
    need.value_of_text.push_back(text < kTexts / 2 ? "order" : "global");
  }
  for (int64_t video = 0; video < kVideos; ++video) {
    input.video_ids.push_back("video" + std::to_string(video));
    input.cluster_of_video.push_back("pair" + std::to_string(video / 2));
  }
  input.truth = GroundTruth(video_of_text, kVideos);
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
  const auto sample = sample_input(seed, skill);
  return evaluate_similarity(sample.input, protocol, 1);
}

}  // namespace tvr::test
