#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tvr/data/batch.h"
#include "tvr/model/encoder.h"

namespace tvr {

/// The features a cached video encoder asks for, of one split: read from spec.source/features/, or made there first by
/// the video encoder of that run. The folder's name depends on the weights, the sampling and the videos' files, so that
/// a change of any makes new features. Throws ConfigError if they do not fit `encoder`.
std::shared_ptr<const VideoSource> open_features(const VideoInputSpec& spec, const VideoEncoder& encoder,
                                                 const std::string& split, const std::vector<VideoItem>& videos,
                                                 const torch::Device& device);

}  // namespace tvr
