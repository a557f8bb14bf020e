#include "ops/resize_passes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "ops/picture.h"

// The file is compiled for any x86-64 processor; only these functions use more.
#define TVR_AVX2 __attribute__((target("avx2")))

// How it works. vpmaddwd multiplies two neighbouring 16-bit numbers by two others and adds the products, so both
// directions keep their inputs in pairs: a *strip* is 8 rows of the image, stored so that the two pixels of a pair
// stand together for each channel and row; the horizontal pass makes from it 4 *pair rows*, where the bytes of two rows
// alternate, which is what the vertical pass reads. Weights have more than 16 bits: the sums of their high and low
// parts are kept apart and joined at the end. All sums are modulo 2^32, and the final one fits.

namespace tvr {
namespace {

constexpr int64_t kStripRows = 8, kStripPairs = kStripRows / 2;
constexpr int64_t kBlockPixels = 8, kBlockBytes = kBlockPixels * kChannels;  // of one row
constexpr int64_t kPairBytes = 2 * kStripRows * kChannels;                   // of a pair of pixels in a strip
constexpr int64_t kColumns = 32;                                             // of one step of the vertical pass

struct Sums {
  __m256i high, low;
};

TVR_AVX2 inline Sums no_sums() {
  return {_mm256_setzero_si256(), _mm256_set1_epi32(kHalf)};
}

TVR_AVX2 inline __m128i load(const uint8_t* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

TVR_AVX2 inline void store(uint8_t* bytes, __m128i value) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), value);
}

TVR_AVX2 inline void store_half(uint8_t* bytes, __m128i value) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(bytes), value);
}

// Adds 8 pairs of bytes under a pair of weights.
TVR_AVX2 inline void add(Sums& sums, const uint8_t* bytes, __m256i high, __m256i low) {
  const __m256i pairs = _mm256_cvtepu8_epi16(load(bytes));
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(pairs, high));
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(pairs, low));
}

// The 8 results as 32-bit numbers that still have to be clamped to bytes; packing does it.
TVR_AVX2 inline __m256i result(const Sums& sums) {
  return _mm256_srai_epi32(_mm256_add_epi32(_mm256_slli_epi32(sums.high, PairKernel::kLowBits), sums.low),
                           kFractionBits);
}

// Eight pixels of a row in pairs of one channel: R01 G01 B01 R23 G23 B23, two times 0, and pixels 4 to 7 likewise.
TVR_AVX2 inline __m256i load_pairs(const uint8_t* row) {
  const __m256i order = _mm256_setr_epi8(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1,  //
                                         4, 7, 5, 8, 6, 9, 10, 13, 11, 14, 12, 15, -1, -1, -1, -1);
  const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(load(row)), load(row + 8), 1);
  return _mm256_shuffle_epi8(bytes, order);
}

TVR_AVX2 inline void store_units(uint8_t* strip, __m256i unit) {
  store(strip, _mm256_castsi256_si128(unit));
  store(strip + 2 * kPairBytes, _mm256_extracti128_si256(unit, 1));
}

// Eight pixels of eight rows into the strip: transposes the pairs, which are units of 16 bits.
TVR_AVX2 inline void transpose_block(const uint8_t* const* rows, int64_t offset, uint8_t* strip) {
  __m256i r[kStripRows], low[4], high[4];
  for (int i = 0; i < kStripRows; ++i) r[i] = load_pairs(rows[i] + offset);
  for (int i = 0; i < 4; ++i) {
    low[i] = _mm256_unpacklo_epi16(r[2 * i], r[2 * i + 1]);
    high[i] = _mm256_unpackhi_epi16(r[2 * i], r[2 * i + 1]);
  }
  const __m256i upper[3] = {_mm256_unpacklo_epi32(low[0], low[1]), _mm256_unpackhi_epi32(low[0], low[1]),
                            _mm256_unpacklo_epi32(high[0], high[1])};
  const __m256i lower[3] = {_mm256_unpacklo_epi32(low[2], low[3]), _mm256_unpackhi_epi32(low[2], low[3]),
                            _mm256_unpacklo_epi32(high[2], high[3])};
  for (int i = 0; i < 3; ++i) {
    store_units(strip + 32 * i, _mm256_unpacklo_epi64(upper[i], lower[i]));
    store_units(strip + 32 * i + 16, _mm256_unpackhi_epi64(upper[i], lower[i]));
  }
}

// Makes pair rows out of strips of the image.
class HorizontalPass {
 public:
  HorizontalPass(const PixelView& image, const Passes& passes)
      : image_(image),
        kernel_(passes.horizontal_pairs),
        begin_(passes.horizontal.first_input() / kBlockPixels * kBlockPixels),
        end_(passes.horizontal.end_input()),
        strip_(static_cast<size_t>((end_ - begin_ + kBlockPixels - 1) / kBlockPixels * kBlockPixels / 2 * kPairBytes)) {
  }

  // Rows 8*strip … of the image to 4 pair rows, `stride` bytes apart.
  TVR_AVX2 void run(int64_t strip, uint8_t* out, int64_t stride) {
    read_strip(strip);
    const auto pixels = static_cast<int64_t>(kernel_.first.size());
    for (int64_t x = 0; x < pixels; ++x) make_pixel(x, out + 2 * kChannels * x, stride);
  }

 private:
  // Below the image its last row is repeated; weights of such rows are 0.
  TVR_AVX2 void read_strip(int64_t strip) {
    const uint8_t* rows[kStripRows];
    for (int64_t i = 0; i < kStripRows; ++i)
      rows[i] = image_.pixels + std::min(strip * kStripRows + i, image_.height - 1) * image_.width * kChannels;
    uint8_t* out = strip_.data();
    int64_t x = begin_;
    for (; x < end_ && x + kBlockPixels <= image_.width; x += kBlockPixels, out += kBlockPixels / 2 * kPairBytes)
      transpose_block(rows, x * kChannels, out);
    if (x < end_) read_last_block(rows, x, out);
  }

  TVR_AVX2 void read_last_block(const uint8_t** rows, int64_t x, uint8_t* out) {
    uint8_t padded[kStripRows][kBlockBytes] = {};
    for (int64_t i = 0; i < kStripRows; ++i) {
      std::memcpy(padded[i], rows[i] + x * kChannels, static_cast<size_t>((image_.width - x) * kChannels));
      rows[i] = padded[i];
    }
    transpose_block(rows, 0, out);
  }

  // Stores 8 bytes a pair row, of which the next pixel or the padding overwrites the last 2.
  TVR_AVX2 void make_pixel(int64_t x, uint8_t* out, int64_t stride) const {
    const uint8_t* pairs = strip_.data() + (kernel_.first[static_cast<size_t>(x)] - begin_ / 2) * kPairBytes;
    const PairKernel::Weights* weights = kernel_.weights_of(x);
    Sums red = no_sums(), green = no_sums(), blue = no_sums();
    for (int64_t k = 0; k < kernel_.count; ++k, pairs += kPairBytes) {
      const __m256i high = _mm256_set1_epi32(weights[k].high), low = _mm256_set1_epi32(weights[k].low);
      add(red, pairs, high, low);
      add(green, pairs + 2 * kStripRows, high, low);
      add(blue, pairs + 4 * kStripRows, high, low);
    }
    // Each half: 4 rows of red, of green, and of blue twice; then by pair rows.
    const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,  //
                                           0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i blues = _mm256_packs_epi32(result(blue), result(blue));
    const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(result(red), result(green)), blues);
    const __m256i rows = _mm256_shuffle_epi8(bytes, order);
    const __m128i first = _mm256_castsi256_si128(rows), second = _mm256_extracti128_si256(rows, 1);
    store_half(out, first);
    store_half(out + stride, _mm_unpackhi_epi64(first, first));
    store_half(out + 2 * stride, second);
    store_half(out + 3 * stride, _mm_unpackhi_epi64(second, second));
  }

  const PixelView& image_;
  const PairKernel& kernel_;
  const int64_t begin_, end_;   // the pixels of a row that are needed; begin_ starts a block
  std::vector<uint8_t> strip_;  // [pairs of pixels,3,8 rows,2]
};

// The pair rows that the vertical pass is at: as many as its widest kernel needs, and what a strip makes too many.
class PairRows {
 public:
  PairRows(HorizontalPass& source, const Passes& passes)
      : source_(source),
        stride_((passes.horizontal.outputs() * kChannels + kColumns) / kColumns * kColumns * 2),
        capacity_((passes.vertical_pairs.count + 2 * kStripPairs - 2) / kStripPairs * kStripPairs),
        end_(passes.vertical_pairs.first.front() / kStripPairs * kStripPairs),
        bytes_(static_cast<size_t>(capacity_ * stride_)) {}

  // Makes the pair rows before `end` that are not there yet.
  void fill(int64_t end) {
    for (; end_ < end; end_ += kStripPairs)
      source_.run(end_ / kStripPairs, bytes_.data() + end_ % capacity_ * stride_, stride_);
  }

  const uint8_t* row(int64_t pair) const { return bytes_.data() + pair % capacity_ * stride_; }
  int64_t stride() const { return stride_; }

 private:
  HorizontalPass& source_;
  const int64_t stride_;    // whole steps of the vertical pass, and at least the 2 bytes that a row is written too long
  const int64_t capacity_;  // whole strips
  int64_t end_;
  std::vector<uint8_t> bytes_;
};

// 32 bytes of a row from `count` pair rows.
TVR_AVX2 void blend_columns(const uint8_t* const* rows, const PairKernel::Weights* weights, int64_t count,
                            int64_t column, uint8_t* out) {
  Sums sums[4] = {no_sums(), no_sums(), no_sums(), no_sums()};
  for (int64_t k = 0; k < count; ++k) {
    const __m256i high = _mm256_set1_epi32(weights[k].high), low = _mm256_set1_epi32(weights[k].low);
    const uint8_t* bytes = rows[k] + 2 * column;
    for (int i = 0; i < 4; ++i) add(sums[i], bytes + 16 * i, high, low);
  }
  const __m256i packed = _mm256_packus_epi16(_mm256_packs_epi32(result(sums[0]), result(sums[1])),
                                             _mm256_packs_epi32(result(sums[2]), result(sums[3])));
  const __m256i in_order = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), in_order);
}

// Which byte of each of three loads is byte x of a channel of 16 pixels; -1 where it is in another load.
struct ChannelOrder {
  alignas(16) int8_t from[kChannels][3][16];
};

constexpr ChannelOrder kChannelOrder = [] {
  ChannelOrder order{};
  for (int c = 0; c < kChannels; ++c)
    for (int i = 0; i < 3 * 16; ++i) {
      const int at = kChannels * (i % 16) + c;
      order.from[c][i / 16][i % 16] = static_cast<int8_t>(at / 16 == i / 16 ? at % 16 : -1);
    }
  return order;
}();

TVR_AVX2 inline __m128i pick(__m128i bytes, const int8_t* from) {
  return _mm_shuffle_epi8(bytes, _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
}

// Splits a row into its channels, `plane` bytes apart.
TVR_AVX2 void write_planes(const uint8_t* row, int64_t width, uint8_t* out, int64_t plane) {
  int64_t x = 0;
  for (; x + 16 <= width; x += 16) {
    const uint8_t* bytes = row + x * kChannels;
    const __m128i first = load(bytes), second = load(bytes + 16), third = load(bytes + 32);
    for (int c = 0; c < kChannels; ++c) {
      const auto& from = kChannelOrder.from[c];
      store(out + c * plane + x,
            _mm_or_si128(_mm_or_si128(pick(first, from[0]), pick(second, from[1])), pick(third, from[2])));
    }
  }
  for (; x < width; ++x)
    for (int64_t c = 0; c < kChannels; ++c) out[c * plane + x] = row[x * kChannels + c];
}

}  // namespace

bool has_avx2() {
  return __builtin_cpu_supports("avx2");
}

void run_avx2(const PixelView& image, const Passes& passes, Layout layout, uint8_t* out) {
  const PairKernel& kernel = passes.vertical_pairs;
  const int64_t width = passes.horizontal.outputs(), height = passes.vertical.outputs();
  HorizontalPass horizontal(image, passes);
  PairRows pair_rows(horizontal, passes);
  std::vector<const uint8_t*> rows(static_cast<size_t>(kernel.count));
  std::vector<uint8_t> row(static_cast<size_t>(pair_rows.stride() / 2));
  for (int64_t y = 0; y < height; ++y) {
    const int64_t first = kernel.first[static_cast<size_t>(y)];
    pair_rows.fill(first + kernel.count);
    for (int64_t k = 0; k < kernel.count; ++k) rows[static_cast<size_t>(k)] = pair_rows.row(first + k);
    for (int64_t column = 0; column < width * kChannels; column += kColumns)
      blend_columns(rows.data(), kernel.weights_of(y), kernel.count, column, row.data() + column);
    if (layout == Layout::kInterleaved)
      std::copy_n(row.begin(), width * kChannels, out + y * width * kChannels);
    else
      write_planes(row.data(), width, out + y * width, height * width);
  }
}

}  // namespace tvr

#else

#include <stdexcept>

namespace tvr {

bool has_avx2() {
  return false;
}

void run_avx2(const PixelView&, const Passes&, Layout, uint8_t*) {
  throw std::logic_error("run_avx2 in a build that has no AVX2");
}

}  // namespace tvr

#endif
