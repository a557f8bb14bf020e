#pragma once
#include <cstdint>

#include "ops/resize_kernel.h"

namespace tvr {

enum class Layout { kInterleaved, kPlanar };  // [height,width,3] or [3,height,width]

/// RGB bytes of somebody else, [height,width,3].
struct PixelView {
  const uint8_t* pixels = nullptr;
  int64_t height = 0, width = 0;
};

/// Both directions of a resize, the horizontal one first, each rounded to bytes.
struct Passes {
  Kernel horizontal, vertical;
  PairKernel horizontal_pairs, vertical_pairs;  // the same, for run_avx2
};

Passes make_passes(Kernel horizontal, Kernel vertical);

/// Runs the passes and writes vertical.outputs() rows of horizontal.outputs() pixels. Both give the same bytes.
void run_portable(const PixelView& image, const Passes& passes, Layout layout, uint8_t* out);

/// Needs has_avx2(). Reads nothing outside the image.
void run_avx2(const PixelView& image, const Passes& passes, Layout layout, uint8_t* out);

/// Whether this build and this processor can run run_avx2.
bool has_avx2();

}  // namespace tvr
