#pragma once
#include <memory>

#include "tvr/model/encoder.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/score.h"

namespace tvr {

/// Encoders, head and score: exactly what is trained, saved and evaluated. Children are named text, video, head and
/// score; below text and video.visual the names are those of OpenAI's CLIP.
class RetrievalModel : public torch::nn::Module {
 public:
  RetrievalModel(std::shared_ptr<TextEncoder> text, std::shared_ptr<VideoEncoder> video,
                 std::shared_ptr<InteractionHead> head, std::shared_ptr<Score> score);

  /// Encoder, then head.prepare: once a text, once a video.
  TextFeatures encode(const TextInput& text, const StepContext& step = {});
  VideoFeatures encode(const VideoInput& video, const StepContext& step = {});
  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& step = {});

  TextEncoder& text() { return *text_; }
  VideoEncoder& video() { return *video_; }
  InteractionHead& head() { return *head_; }
  Score& score() { return *score_; }

 private:
  std::shared_ptr<TextEncoder> text_;
  std::shared_ptr<VideoEncoder> video_;
  std::shared_ptr<InteractionHead> head_;
  std::shared_ptr<Score> score_;
};

/// How to build a model; made by read_model() before any work, so that all errors in the settings are known.
struct ModelPlan {
  Plugin<TextEncoder, EncoderContext>::Builder text;
  Plugin<VideoEncoder, EncoderContext>::Builder video;
  Plugin<InteractionHead, HeadContext>::Builder head;
  ScoreOptions score;
};

/// Reads the section `model` (text, video, head, score); errors are collected in the node's document.
ModelPlan read_model(const ConfigNode& model, const TextEncoderRegistry& texts, const VideoEncoderRegistry& videos,
                     const HeadRegistry& heads);

/// Builds with weights that depend on (seed, parameter name) only. Throws ConfigError if the encoders do not fit
/// together.
std::shared_ptr<RetrievalModel> build_model(const ModelPlan& plan, uint64_t seed);

}  // namespace tvr
