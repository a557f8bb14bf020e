#pragma once

namespace tvr {

/// What a head reads beside pooled texts and frames. Only that is encoded, kept, gathered and stored.
struct Needs {
  bool words = false;     ///< TextFeatures::tokens
  bool patches = false;   ///< VideoFeatures::patches
  int views = 1;          ///< looks at each video of a training step, 1 or 2: frames drawn independently
  int trained_views = 1;  ///< how many of them the losses see, each by itself; 1 … views
};

}  // namespace tvr
