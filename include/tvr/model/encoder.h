#pragma once
#include <torch/nn/module.h>

#include <string>

#include "tvr/config/plugin.h"
#include "tvr/model/features.h"
#include "tvr/model/needs.h"
#include "tvr/model/step_context.h"
#include "tvr/model/tower_config.h"

namespace tvr {

/// What an encoder is built with.
struct EncoderContext {
  uint64_t seed = 0;  ///< of the initial weights
  Needs needs;        ///< of the head
};

/// What a text encoder reads; the data layer makes the tokenizer it names.
struct TextInputSpec {
  std::string tokenizer = "clip";  ///< for make_tokenizer(): clip, siglip:FILE.model or xlm_roberta:FILE.model
  int64_t vocabulary = 49408;      ///< ids that it has vectors for
  std::string source = "";         ///< cached: the run directory whose text encoder makes the features
};

/// What a tower of this configuration reads. `model_file`: its sentencepiece model, "" for a tower with CLIP's merges.
/// Throws ConfigError if it is missing, or there where none is read.
TextInputSpec text_input(const TextConfig& config, const std::string& model_file);

/// Captions to features. `encode` is deterministic outside training.
class TextEncoder : public torch::nn::Module {
 public:
  virtual int64_t dim() const = 0;             ///< D
  virtual int64_t context_length() const = 0;  ///< the most tokens a text may have, start and end included
  /// Attention heads of its blocks; 0: it has none that others may copy.
  virtual int64_t heads() const { return 0; }
  virtual TextInputSpec input() const { return {}; }
  virtual TextFeatures encode(const TextInput& text, const StepContext& step) = 0;
};

/// What a video encoder wants to be given; the data layer asks, nobody hard-codes 224 or twelve frames.
struct VideoInputSpec {
  bool cached = false;       ///< features of a frozen encoder instead of pixels
  int64_t frames = 12;       ///< sampled frames a video
  int64_t size = 224;        ///< H = W, pixels
  std::string source;        ///< cached: the run directory whose video encoder makes the features
  int64_t keep_patches = 0;  ///< cached: patches kept of each frame, 0 all
  std::string fit = "crop", interpolation = "bicubic";  ///< of pictures, where the settings leave them open
};

/// Videos to features. Pixels come as uint8; scaling and normalisation happen inside, on the device.
class VideoEncoder : public torch::nn::Module {
 public:
  virtual int64_t dim() const = 0;  ///< D
  virtual VideoInputSpec input() const = 0;
  virtual VideoFeatures encode(const VideoInput& video, const StepContext& step) = 0;
  /// Rows and columns of the patch grid of a frame.
  virtual int64_t grid() const = 0;
};

using TextEncoderRegistry = PluginRegistry<TextEncoder, EncoderContext>;
using VideoEncoderRegistry = PluginRegistry<VideoEncoder, EncoderContext>;
TextEncoderRegistry builtin_text_encoders();    ///< models/encoders/*_text.cpp, listed by the build
VideoEncoderRegistry builtin_video_encoders();  ///< the other files of models/encoders

/// Last line of an encoder's file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_TEXT_ENCODER(NAME, ENCODER, OPTIONS)                              \
  void register_text_encoder_##NAME(TextEncoderRegistry& registry) {                   \
    registry.add(#NAME, make_plugin<ENCODER, OPTIONS, TextEncoder, EncoderContext>()); \
  }
#define TVR_REGISTER_VIDEO_ENCODER(NAME, ENCODER, OPTIONS)                              \
  void register_video_encoder_##NAME(VideoEncoderRegistry& registry) {                  \
    registry.add(#NAME, make_plugin<ENCODER, OPTIONS, VideoEncoder, EncoderContext>()); \
  }

}  // namespace tvr
