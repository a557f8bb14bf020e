#pragma once
#include <memory>
#include <string>
#include <vector>

#include "experiment.h"
#include "tvr/data/batch.h"
#include "tvr/model/encoder.h"

namespace tvr {

/// The features a cached video encoder asks for, of one split: read from spec.source/features/, or made there first by
/// the video encoder of that run. The folder's name depends on the weights, the sampling and the videos' ids; it is
/// made again when the files, or the frame pack they are read from, have changed. With data.videos: "" and no pack a
/// folder made elsewhere is taken as it is. Throws ConfigError if the features do not fit `encoder` or are not there
/// and cannot be made.
std::shared_ptr<const VideoSource> open_features(const VideoInputSpec& spec, const VideoEncoder& encoder,
                                                 const ExperimentData& data, const RetrievalSplit& split,
                                                 const torch::Device& device);

/// Gives `texts`, the captions of a split, the features that a cached text encoder asks for, read from
/// spec.source/features/ or made there first by the text encoder of that run. `words`: with a vector a word. The
/// folder's name depends on the weights and the captions. Throws ConfigError if the features do not fit `encoder`.
void attach_features(TextTable& texts, const TextInputSpec& spec, const TextEncoder& encoder, bool words,
                     const RetrievalSplit& split, const torch::Device& device);

}  // namespace tvr
