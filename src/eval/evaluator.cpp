#include "tvr/eval/evaluator.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>

#include "feature_store.h"

namespace tvr {
namespace {

// Rows of equal captions: `unique[k]` is the first caption of distinct text k, `text_of[i]` the distinct text of
// caption i.
struct DistinctTexts {
  std::vector<int64_t> unique, text_of;
};
DistinctTexts distinct_texts(const RetrievalSplit& split) {
  DistinctTexts result;
  std::map<std::string_view, int64_t> places;
  for (size_t i = 0; i < split.captions.size(); ++i) {
    const auto [place, fresh] = places.emplace(split.captions[i].text, static_cast<int64_t>(result.unique.size()));
    if (fresh) result.unique.push_back(static_cast<int64_t>(i));
    result.text_of.push_back(place->second);
  }
  return result;
}

// Repeats the last row up to `count` rows: every tile has the same size, so its arithmetic is blocked the same way.
template <class Features>
Features padded(const Features& features, int64_t rows, int64_t count) {
  return rows == count ? features : select(features, torch::arange(count).clamp_max(rows - 1));
}

// One tile of a tensor of distinct texts by videos.
struct Tile {
  int64_t text_begin, text_rows, video_begin, video_rows;
  void put(torch::Tensor& matrix, const torch::Tensor& values) const {
    matrix.slice(0, text_begin, text_begin + text_rows)
        .slice(1, video_begin, video_begin + video_rows)
        .copy_(values.slice(0, 0, text_rows).slice(1, 0, video_rows));
  }
};

}  // namespace

Similarity compute_similarity(RetrievalModel& model, const EvaluationData& data, const EvaluatorOptions& options,
                              const torch::Device& device, const std::filesystem::path& scratch) {
  const torch::NoGradGuard no_grad;
  model.eval();
  const auto distinct = distinct_texts(data.split);
  const auto texts = static_cast<int64_t>(distinct.unique.size());
  const int64_t videos = data.videos->size();
  const int64_t text_tile = std::min(options.text_tile, texts), video_tile = std::min(options.video_tile, videos);

  FeatureStore<TextFeatures> text_blocks(options.memory_mb << 19, scratch, "texts");
  for (int64_t begin = 0; begin < texts; begin += text_tile) {
    const int64_t end = std::min(texts, begin + text_tile);
    const auto input = data.texts->rows({distinct.unique.begin() + begin, distinct.unique.begin() + end});
    text_blocks.add(to(model.encode(to(input, device)), torch::kCPU));
  }
  FeatureStore<VideoFeatures> video_blocks(options.memory_mb << 19, scratch, "videos");
  for (int64_t begin = 0; begin < videos; begin += video_tile)
    video_blocks.add(
        to(model.encode(to(data.videos->load(row_range(begin, std::min(videos, begin + video_tile)), {}), device)),
           torch::kCPU));

  const auto infos = model.head().part_infos();
  Similarity result{torch::empty({texts, videos}), {}};
  if (infos.size() > 1)
    for (const auto& info : infos) result.parts.emplace_back(info.name, torch::empty({texts, videos}));
  for (int64_t v = 0; v < video_blocks.size(); ++v) {
    const auto video = to(video_blocks.at(v), device);
    const Tile column{0, 0, v * video_tile, video.mask.size(0)};
    const auto video_block = padded(video, column.video_rows, video_tile);
    for (int64_t t = 0; t < text_blocks.size(); ++t) {
      const auto text = to(text_blocks.at(t), device);
      const Tile tile{t * text_tile, text.pooled.size(0), column.video_begin, column.video_rows};
      const auto parts = model.parts(padded(text, tile.text_rows, text_tile), video_block);
      tile.put(result.sum, model.score().sum(parts));
      for (size_t p = 0; p < result.parts.size(); ++p) tile.put(result.parts[p].second, model.score().filled(parts[p]));
    }
  }
  const auto rows = torch::tensor(distinct.text_of);
  result.sum = result.sum.index_select(0, rows);
  for (auto& [name, values] : result.parts) values = values.index_select(0, rows);
  return result;
}

EvaluationInput evaluation_input(const RetrievalSplit& split) {
  EvaluationInput input;
  std::vector<int64_t> video_of_text;
  Tag need{"need", {}};
  std::vector<std::string> pair_of_video(split.videos.size());
  for (const auto& caption : split.captions) {
    video_of_text.push_back(caption.video);
    input.text_ids.push_back(caption.id);
    need.value_of_text.push_back(caption.need);
    pair_of_video[static_cast<size_t>(caption.video)] = caption.pair;
  }
  for (const auto& video : split.videos) input.video_ids.push_back(video.id);
  input.truth = GroundTruth(video_of_text, static_cast<int64_t>(split.videos.size()));
  const auto given = [](const std::string& text) { return !text.empty(); };
  if (std::any_of(need.value_of_text.begin(), need.value_of_text.end(), given)) input.tags.push_back(need);
  if (std::all_of(pair_of_video.begin(), pair_of_video.end(), given)) input.cluster_of_video = pair_of_video;
  return input;
}

Evaluation evaluate_split(const Similarity& similarity, const EvaluationData& data, const Protocol& protocol) {
  const auto view = [](const torch::Tensor& matrix) {
    return DenseScores(matrix.const_data_ptr<float>(), matrix.size(0), matrix.size(1));
  };
  const auto sum = view(similarity.sum);
  std::vector<DenseScores> parts;
  for (const auto& [name, values] : similarity.parts) parts.push_back(view(values));
  auto input = evaluation_input(data.split);
  input.scores = &sum;
  for (size_t i = 0; i < parts.size(); ++i) input.parts.emplace_back(similarity.parts[i].first, &parts[i]);
  auto filled = protocol;
  filled.truncated_texts = data.texts->truncated();
  filled.listed_videos = data.split.listed_videos;
  filled.missing_videos = static_cast<int64_t>(data.split.unusable.size());
  const bool black = std::any_of(data.split.videos.begin(), data.split.videos.end(),
                                 [](const VideoItem& video) { return video.black; });
  if (filled.missing_videos > 0) filled.missing_policy = black ? "substitute-black" : "skip";
  filled.order_sha256 = order_sha256(data.split);
  return evaluate_similarity(input, filled);
}

}  // namespace tvr
