#pragma once
#include "tvr/model/temporal.h"

namespace tvr {

/// Cosine of the sentence and the mean of the video's frames, after what the frames see of each other: the heads
/// mean_pool, seq_transformer and seq_lstm differ in that alone. (CLIP4Clip's meanP, seqTransf, seqLSTM; baselines.md
/// 3.1)
class MeanPooled : public InteractionHead {
 public:
  MeanPooled(bool normalize_frames, const TemporalOptions& temporal, const HeadContext& context);

  Needs needs() const override { return {}; }
  std::vector<PartInfo> part_infos() const override { return {{"sentence-video", 1}}; }
  void start_from(const TextEncoder& text) override { temporal_.start_from(text); }
  VideoFeatures prepare(VideoFeatures video, const StepContext& step) override;
  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& step) override;
  /// The frame nearest to the sentence.
  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override;

 private:
  bool normalize_frames_;
  Temporal temporal_;
};

}  // namespace tvr
