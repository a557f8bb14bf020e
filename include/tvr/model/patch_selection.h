#pragma once
#include "tvr/model/features.h"

namespace tvr {

/// Keeps the `count` most salient patches of every frame, in grid order, and their places in patch_indices. Saliency is
/// 1 - cos(patch, mean patch direction of the video): most patches are background (demo_corpus.md 6). A frame with
/// fewer patches keeps all. Equal saliencies keep the lower place.
VideoFeatures select_salient_patches(VideoFeatures video, int64_t count);

}  // namespace tvr
