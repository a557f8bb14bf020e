#pragma once
#include <string>

#include "tvr/model/features.h"

namespace tvr {

/// Averages the patches of each frame on a grid x grid layout, as adaptive average pooling cuts it: bin i of a side of
/// P is [floor(i P / grid), ceil((i + 1) P / grid)). `patches` become [V,F,grid²,D] (not normalised), `patch_indices`
/// the patch in the middle of each bin. Throws DataError if the patches are not a whole square grid. (cmfg.md a.2)
VideoFeatures average_regions(VideoFeatures video, int64_t grid);

/// Keeps the patches at `places` [V,F,K] int64 of every frame, and their place on the grid in patch_indices.
VideoFeatures keep_patches(VideoFeatures video, const torch::Tensor& places);

/// [V,F,P] cosine of every patch with its own frame's vector: which patches the frame is about, whatever the query.
torch::Tensor frame_likeness(const VideoFeatures& video);

/// Regions made outside: the vectors of expert `name`, [V,F·R,D] frame by frame with R the same for all, masked where
/// the frame is padding too. Throws DataError if there is no such expert or it has other shapes.
TokenSet expert_regions(const VideoFeatures& video, const std::string& name);

}  // namespace tvr
