#include "tvr/eval/embedding_scores.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "eval/stored_elements.h"
#include "tvr/base/array_file.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/base/progress.h"
#include "tvr/base/temporary_file.h"
#include "tvr/eval/score_file.h"

namespace tvr {
namespace {

constexpr int64_t kMostTexts = 1024, kMostVideos = 1024;
constexpr int64_t kMostPairs = 4 << 20;  // token pairs of a block: 32 MiB

// One side: pooled vectors [N,D] count as one token each.
struct Side {
  std::string name;
  StoredArray values;
  std::optional<StoredArray> mask;
  int64_t rows() const { return values.shape[0]; }
  int64_t tokens() const { return values.shape.size() == 3 ? values.shape[1] : 1; }
  int64_t width() const { return values.shape.back(); }
};

// Rows [begin, end) of an array of two or three dimensions as double, contiguous.
torch::Tensor load_rows(const StoredArray& array, int64_t begin, int64_t end) {
  auto shape = array.shape;
  shape[0] = end - begin;
  auto result = torch::empty(shape, torch::kFloat64);
  const int64_t middle = shape.size() == 3 ? shape[1] : 1, inner = shape.back();
  const int64_t middle_stride = shape.size() == 3 ? array.strides[1] : 0;
  with_element(array.type, [&](auto element) {
    using Element = decltype(element);
    auto* out = result.data_ptr<double>();
    for (int64_t row = begin; row < end; ++row)
      for (int64_t m = 0; m < middle; ++m)
        for (int64_t i = 0; i < inner; ++i)
          *out++ = static_cast<double>(widened(load_element<Element>(
              array.data + (row * array.strides[0] + m * middle_stride + i * array.strides.back()) *
                               static_cast<int64_t>(sizeof(Element)),
              array.big_endian)));
  });
  return result;
}

Side open_side(const std::string& name, const std::string& file, const std::string& mask) {
  Side side{name, read_array(file, mask.empty() ? 2 : 3), {}};
  const auto& shape = side.values.shape;
  if (shape.size() != 2 && shape.size() != 3)
    throw DataError(file + ": holds " + side.values.description() +
                    "; embeddings have two dimensions [N,D], or three [N,tokens,D] with a mask.");
  if (*std::min_element(shape.begin(), shape.end()) < 1)
    throw DataError(file + ": holds " + side.values.description() + ", which is empty.");
  if (shape.size() == 3 && mask.empty())
    throw DataError(file + ": holds " + side.values.description() + ", tokens; say which are real with --" + name +
                    "-mask FILE [N,tokens], or --" + name + "-mask all.");
  if (shape.size() == 2 && !mask.empty())
    throw DataError("--" + name + "-mask " + mask + ": " + file + " holds " + side.values.description() +
                    ", which has no tokens; leave the mask out.");
  if (mask.empty() || mask == "all") return side;
  side.mask = read_array(mask, 2);
  if (side.mask->shape != std::vector<int64_t>{shape[0], shape[1]})
    throw DataError(mask + ": holds " + side.mask->description() + ", but the tokens of " + file + " are " +
                    side.values.description() + "; the mask must be [N,tokens].");
  return side;
}

// A block of one side: [N·S,D] vectors, and which of the [N,S] are real.
struct Block {
  torch::Tensor vectors, real, weights;
  int64_t rows, tokens;
  bool pooled;
};

Block load_block(const Side& side, int64_t begin, int64_t end, bool cosine, int64_t& zero) {
  const int64_t rows = end - begin, tokens = side.tokens();
  auto real = side.mask ? load_rows(*side.mask, begin, end).ne(0) : torch::ones({rows, tokens}, torch::kBool);
  auto vectors = load_rows(side.values, begin, end).view({rows * tokens, side.width()});
  if (cosine) {
    const auto norms = vectors.norm(2, {1}, true);
    zero += norms.view({rows, tokens}).eq(0).logical_and(real).sum().item<int64_t>();
    vectors = vectors / norms;
  }
  const auto weights = real.to(torch::kFloat64);
  return {vectors, real, weights / weights.sum(1, true), rows, tokens, side.values.shape.size() == 2};
}

// [T,V,S]-wise best of the other side, averaged over this side's real tokens; without any it is NaN.
torch::Tensor mean_of_best(const torch::Tensor& best, const torch::Tensor& real, const torch::Tensor& weights) {
  return (best.masked_fill(real.logical_not(), 0) * weights).sum(2);
}

torch::Tensor block_scores(const Block& text, const Block& video) {
  const auto products = torch::matmul(text.vectors, video.vectors.t());  // [T·L,V·F]
  if (text.pooled && video.pooled) return products;
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const auto all = products.view({text.rows, text.tokens, video.rows, video.tokens}).transpose(1, 2);  // [T,V,L,F]
  const auto best_frames =
      std::get<0>(all.masked_fill(video.real.view({1, video.rows, 1, video.tokens}).logical_not(), kNever).max(3));
  const auto best_words =
      std::get<0>(all.masked_fill(text.real.view({text.rows, 1, text.tokens, 1}).logical_not(), kNever).max(2));
  return (mean_of_best(best_frames, text.real.unsqueeze(1), text.weights.unsqueeze(1)) +
          mean_of_best(best_words, video.real.unsqueeze(0), video.weights.unsqueeze(0))) /
         2;
}

std::shared_ptr<const char> write_scores(const Side& text, const Side& video, bool cosine, int64_t& zero) {
  const int64_t pairs = std::max<int64_t>(1, kMostPairs / (text.tokens() * video.tokens()));
  const int64_t videos = std::min(kMostVideos, std::max<int64_t>(1, pairs / 64));
  const int64_t texts = std::min(kMostTexts, std::max<int64_t>(1, pairs / videos));
  TemporaryFile file("Scores of embeddings");
  Progress progress("scores", text.rows());
  for (int64_t begin = 0; begin < text.rows(); begin += texts) {
    const int64_t end = std::min(text.rows(), begin + texts);
    const auto text_block = load_block(text, begin, end, cosine, zero);
    std::vector<torch::Tensor> row;
    for (int64_t first = 0; first < video.rows(); first += videos) {
      int64_t counted = 0;
      row.push_back(
          block_scores(text_block, load_block(video, first, std::min(video.rows(), first + videos), cosine, counted)));
      if (begin == 0) zero += counted;
    }
    const auto scores = torch::cat(row, 1).to(torch::kFloat32).contiguous();
    file.append(scores.const_data_ptr(), static_cast<size_t>(scores.nbytes()));
    progress.advance(end - begin);
  }
  return file.map();
}

}  // namespace

EmbeddingSimilarity parse_similarity(const std::string& name) {
  if (name == "cosine") return EmbeddingSimilarity::kCosine;
  if (name == "dot") return EmbeddingSimilarity::kDot;
  throw ConfigError(unknown_name_message("similarity", name, {"cosine", "dot"}) + ".");
}

std::unique_ptr<ScoreMatrix> embedding_scores(const EmbeddingFiles& files, EmbeddingSimilarity similarity,
                                              std::vector<std::string>& notes) {
  const torch::NoGradGuard no_grad;
  const auto text = open_side("text", files.text, files.text_mask);
  const auto video = open_side("video", files.video, files.video_mask);
  if (text.width() != video.width())
    throw DataError(files.text + " holds " + text.values.description() + ", " + files.video + " " +
                    video.values.description() + "; both must have the same width (last dimension).");
  int64_t zero = 0;
  const bool cosine = similarity == EmbeddingSimilarity::kCosine;
  auto scores = write_scores(text, video, cosine, zero);
  if (zero > 0)
    notes.push_back(std::to_string(zero) + " embeddings have length 0, so their cosines are NaN and rank last");
  notes.push_back(std::string(text.tokens() * video.tokens() > 1 ? "token-wise " : "") +
                  (cosine ? "cosine" : "dot product") + " of embeddings, computed in double");
  StoredArray array{"", ElementType::kF32, {text.rows(), video.rows()}, {video.rows(), 1}, false, scores.get(), scores};
  return std::make_unique<StoredScores>(std::move(array), "embeddings");
}

}  // namespace tvr
