#pragma once

namespace tvr {

/// What a head reads beside pooled texts and frames. Only that is encoded, kept, gathered and stored.
struct Needs {
  bool words = false;    ///< TextFeatures::tokens
  bool patches = false;  ///< VideoFeatures::patches
};

}  // namespace tvr
