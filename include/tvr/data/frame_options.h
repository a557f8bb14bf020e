#pragma once
#include <string>

#include "tvr/config/options.h"
#include "tvr/data/frame_sampling.h"

namespace tvr {

/// How frames are chosen and cut to size: part of section `loader`.
struct FrameOptions {
  std::string sampling = "middle", train_sampling, selection = "uniform";
  double fps = 1;
  std::string fit, interpolation, train_crop = "centre";
  bool train_flip = false;
  std::string pack, pack_match = "exact";

  template <class Visit>
  void fields(Visit&& f) {
    f("sampling", sampling,
      "Frames of a video. middle of equal segments; xpool, clip4clip, drl: as those code bases; uniform from first to "
      "last; random in each segment; fps: by presentation time",
      one_of(kFrameRules));
    auto training = kFrameRules;
    training.insert(training.begin(), "");
    f("train_sampling", train_sampling, "The same in training; empty: as sampling", one_of(training));
    f("fps", fps, "Frames a second of clip4clip (whole ones), drl and fps", within(0.001, 1000));
    f("selection", selection, "Which stay when clip4clip, drl or fps find more than the model takes",
      one_of(kFrameSelections));
    f("fit", fit,
      "crop: short side to the model's size, centre crop; square: both sides, aspect ratio lost; empty: as the model's "
      "architecture has it",
      one_of({"", "crop", "square"}));
    f("interpolation", interpolation, "Of resizing, as Pillow's; empty: as the model's architecture has it",
      one_of({"", "bicubic", "bilinear"}));
    f("train_crop", train_crop, "Crop in training: centre, or random, the same for all frames of a video",
      one_of({"centre", "random"}));
    f("train_flip", train_flip, "Mirror half of the videos in training");
    f("pack", pack, "Folder of a frame pack (tvr data pack) that is read instead of the video files", existing());
    f("pack_match", pack_match,
      "exact: a frame the pack does not hold is an error; nearest: the one next to it is taken",
      one_of({"exact", "nearest"}));
  }

  /// The same with fit and interpolation of a model where they are left open.
  FrameOptions for_model(const std::string& model_fit, const std::string& model_interpolation) const {
    auto options = *this;
    if (fit.empty()) options.fit = model_fit;
    if (interpolation.empty()) options.interpolation = model_interpolation;
    return options;
  }

  FrameSampling sampling_of(bool training, int64_t count) const {
    return {training && !train_sampling.empty() ? train_sampling : sampling, count, fps, selection};
  }
};

}  // namespace tvr
