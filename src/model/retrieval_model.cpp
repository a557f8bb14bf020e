#include "tvr/model/retrieval_model.h"

#include <torch/torch.h>

namespace tvr {

RetrievalModel::RetrievalModel(std::shared_ptr<TextEncoder> text, std::shared_ptr<VideoEncoder> video,
                               std::shared_ptr<InteractionHead> head, std::shared_ptr<Score> score)
    : text_(register_module("text", std::move(text))),
      video_(register_module("video", std::move(video))),
      head_(register_module("head", std::move(head))),
      score_(register_module("score", std::move(score))) {}

TextFeatures RetrievalModel::encode(const TextInput& text, const StepContext& step) {
  return head_->prepare(text_->encode(text, step), step);
}
VideoFeatures RetrievalModel::encode(const VideoInput& video, const StepContext& step) {
  return head_->prepare(video_->encode(video, step), step);
}
Parts RetrievalModel::parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& step) {
  return head_->parts(text, video, step);
}

ModelPlan read_model(const ConfigNode& model, const TextEncoderRegistry& texts, const VideoEncoderRegistry& videos,
                     const HeadRegistry& heads) {
  model.check_keys({"text", "video", "head", "score"});
  return {read_plugin(texts, model, "text", "clip_text"), read_plugin(videos, model, "video", "clip_frames"),
          read_plugin(heads, model, "head", "mean_pool"), read_options<ScoreOptions>(model.child("score"))};
}

std::shared_ptr<RetrievalModel> build_model(const ModelPlan& plan, uint64_t seed) {
  // A head's needs do not depend on the sizes it is built with, so a first one can be asked before the encoders exist.
  const Needs needs = plan.head(HeadContext{1, 1, 1, seed})->needs();
  const EncoderContext context{seed, needs};
  auto text = plan.text(context);
  auto video = plan.video(context);
  if (text->dim() != video->dim())
    throw ConfigError("model: the text encoder gives vectors of " + std::to_string(text->dim()) +
                      ", the video encoder of " + std::to_string(video->dim()) + "; make their embed_dim equal.");
  auto head = plan.head(
      HeadContext{text->dim(), video->input().frames, text->context_length(), seed, plan.score.block_mb << 20});
  auto score = std::make_shared<Score>(plan.score, head->part_infos());
  return std::make_shared<RetrievalModel>(text, video, head, score);
}

}  // namespace tvr
