#include "tvr/data/corpus_source.h"

#include <torch/torch.h>

#include "tvr/data/demo_stills.h"
#include "tvr/data/video_source.h"

namespace tvr {
namespace {

torch::Tensor stack_stills(const std::vector<Image>& images) {
  std::vector<torch::Tensor> pixels;
  for (const auto& image : images) pixels.push_back(pixels_of(image));
  return torch::stack(pixels).unsqueeze(1);  // [B,1,3,H,W]
}

}  // namespace

std::vector<int64_t> row_range(int64_t begin, int64_t end) {
  std::vector<int64_t> rows;
  for (int64_t row = begin; row < end; ++row) rows.push_back(row);
  return rows;
}

CorpusSource::CorpusSource(EvaluationData data, const LoaderOptions& options, uint64_t seed, int views)
    : data_(std::move(data)), options_(options), seed_(seed), views_(views), plan_(data_.split, options, seed) {}

PairBatch CorpusSource::batch(int64_t epoch, int64_t index) const {
  const auto captions = plan_.captions(epoch, index);
  std::vector<int64_t> videos;
  for (const int64_t caption : captions) videos.push_back(data_.split.captions[static_cast<size_t>(caption)].video);
  PairBatch batch{data_.texts->rows(captions), data_.videos->load(videos, {true, seed_, epoch, 0}),
                  torch::tensor(videos)};
  if (views_ > 1) batch.second = data_.videos->load(videos, {true, seed_, epoch, 1});
  return batch;
}

StillSource::StillSource(std::shared_ptr<const Tokenizer> tokenizer, int64_t context_length, int64_t batch_size,
                         int64_t steps, uint64_t seed)
    : tokenizer_(std::move(tokenizer)),
      context_length_(context_length),
      batch_size_(batch_size),
      steps_(steps),
      seed_(seed) {}

PairBatch StillSource::batch(int64_t epoch, int64_t index) const {
  const auto stills =
      draw_stills(seed_, epoch * steps_ + index, batch_size_, static_cast<double>(index) / static_cast<double>(steps_));
  const TextTable texts(*tokenizer_, stills.captions, context_length_);
  VideoInput video;
  video.pixels = stack_stills(stills.images);
  video.mask = torch::ones({batch_size_, 1}, torch::kBool);
  video.times = torch::zeros({batch_size_, 1});
  return {texts.rows(row_range(0, batch_size_)), video, torch::arange(batch_size_)};
}

EvaluationData still_split(const Tokenizer& tokenizer, int64_t context_length, int64_t count, uint64_t seed) {
  constexpr double kFinished = 0.999;
  const auto stills = draw_stills(seed, 0, count, kFinished);
  EvaluationData data;
  data.split.name = "val";
  for (int64_t i = 0; i < count; ++i) {
    const auto name = "still" + std::to_string(i);
    data.split.videos.push_back({name, {}});
    data.split.captions.push_back({name, stills.captions[static_cast<size_t>(i)], i, "", ""});
  }
  data.texts = std::make_shared<TextTable>(tokenizer, stills.captions, context_length);
  data.videos = std::make_shared<MemoryVideoSource>(stack_stills(stills.images));
  return data;
}

}  // namespace tvr
