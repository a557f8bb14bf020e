#pragma once
#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "encode_pixels.h"
#include "tvr/model/encoder.h"
#include "tvr/model/text_tower.h"
#include "tvr/model/vision_tower.h"
#include "tvr/model/weights.h"
#include "tvr/text/tokenizer.h"

namespace tvr {

/// Which towers of which weights, and how they compute.
struct TowerRequest {
  std::string weights;           ///< what `tvr weights inspect` reads
  std::string arch, activation;  ///< what the weights may leave open; "": they say it
  int64_t size = 0;              ///< pixels of a picture's side; 0: as the weights have it
  bool text = false, vision = false;
  torch::ScalarType precision = torch::kFloat;
  torch::Device device = torch::kCPU;
};

/// Towers of published weights, frozen and ready to encode.
struct Towers {
  ClipConfig config;                    ///< vision.image_size is the requested one
  std::shared_ptr<TextTower> text;      ///< null if not asked for
  std::shared_ptr<VisionTower> vision;  ///< null if not asked for
  std::string name;                     ///< of the architecture: published, or the family
  std::vector<std::string> notes;       ///< sentences: what was assumed, arrays that hold NaN
};

/// Throws ConfigError if the weights lack a tower that is asked for, are of another architecture than `arch`, or leave
/// the activation open; what open_weights(), recognise_weights() and load_clip() throw.
Towers load_towers(const TowerRequest& request);

/// What rows of a features file hold, and how they are computed.
struct RowOptions {
  int64_t batch = 64;  ///< pictures or frames that go through the tower at a time
  bool tokens = true, patches = false;
  torch::Device device = torch::kCPU;
};

/// Rows of the arrays text.*, image.* and video.* of a features file, by their names; values at padding are 0. L is
/// `length`, at least the tokens of every text. Nothing if there is no picture or video.
NamedTensors text_rows(const Towers& towers, const TokenBatch& tokens, int64_t length, const RowOptions& options);
NamedTensors image_rows(const Towers& towers, const LoadedPixels& loaded, const RowOptions& options);
NamedTensors video_rows(const Towers& towers, const LoadedPixels& loaded, const RowOptions& options);

}  // namespace tvr
