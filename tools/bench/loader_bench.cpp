// Speed of the loader on a frame pack, beside memcpy of as many bytes. tools/bench/loader_bench.sh runs it against
// PyTorch's DataLoader.
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tvr/base/error.h"
#include "tvr/data/loader.h"
#include "tvr/data/video_source.h"

namespace tvr {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Batches of a pack's videos in a shuffled order of their own, without texts.
class PackBatches final : public BatchSource {
 public:
  PackBatches(const VideoSource& videos, int64_t batch_size) : videos_(videos), batch_size_(batch_size) {}
  int64_t batches_per_epoch() const override { return videos_.size() / batch_size_; }
  int64_t batch_size() const override { return batch_size_; }
  PairBatch batch(int64_t epoch, int64_t index) const override {
    std::vector<int64_t> order = row_range(0, videos_.size());
    Random(0, "bench", static_cast<uint64_t>(epoch)).shuffle(order);
    const std::vector<int64_t> rows(order.begin() + index * batch_size_, order.begin() + (index + 1) * batch_size_);
    return {{}, videos_.load(rows, {true, 0, epoch, 0}), torch::tensor(rows)};
  }

 private:
  const VideoSource& videos_;
  int64_t batch_size_;
};

// Copies every video of the pack once into one batch's memory: what one thread can do at best.
double copy_speed(const FramePack& pack, const std::vector<VideoItem>& items, int64_t batch_size) {
  const auto video_bytes = [&](const PackedVideo& video) {
    return static_cast<size_t>(video.frames * 3 * video.height * video.width);
  };
  std::vector<uint8_t> batch(static_cast<size_t>(batch_size) * video_bytes(pack.at(items[0].id)));
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    double bytes = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      const auto video = pack.at(items[i].id);
      std::memcpy(batch.data() + i % static_cast<size_t>(batch_size) * video_bytes(video), video.pixels,
                  video_bytes(video));
      bytes += static_cast<double>(video_bytes(video));
    }
    best = std::max(best, bytes / seconds_since(start) / 1e9);
  }
  return best;
}

int run(const char* folder, int64_t batch_size, int64_t threads, int64_t epochs) {
  const auto pack = std::make_shared<FramePack>(folder);
  VideoInputSpec spec;
  spec.frames = pack->options().sampling.count;
  spec.size = pack->options().size;
  FrameOptions options;
  options.sampling = pack->options().sampling.rule;
  options.fit = pack->options().fit;
  options.pack = folder;
  std::vector<VideoItem> items;
  for (const auto& id : pack->ids()) items.push_back({id, {}});
  const PackedVideoSource videos(pack, items, spec, options, false);
  const PackBatches source(videos, batch_size);
  const int64_t steps = epochs * source.batches_per_epoch();
  double first = 0, rest = 0;  // the first epoch also compares checksums and touches every page
  {
    Loader loader(source, threads, 4, 0, steps);
    auto start = std::chrono::steady_clock::now();
    for (int64_t step = 0; step < steps; ++step) {
      if (step == source.batches_per_epoch()) first = seconds_since(start), start = std::chrono::steady_clock::now();
      loader.next();
    }
    rest = seconds_since(start);
  }
  const auto clips = static_cast<double>(source.batches_per_epoch() * batch_size);
  const double video_gb = static_cast<double>(spec.frames * 3 * spec.size * spec.size) / 1e9;
  const double later = clips * static_cast<double>(epochs - 1) / rest;
  std::printf(
      "{\"first_epoch_clips_per_s\": %.1f, \"clips_per_s\": %.1f, \"gb_per_s\": %.3f, \"memcpy_gb_per_s\": %.3f}\n",
      clips / first, later, later * video_gb, copy_speed(*pack, items, batch_size));
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: tvr_loader_bench PACK BATCH_SIZE THREADS EPOCHS (at least 2)\n");
    return 2;
  }
  try {
    return tvr::run(arguments[1], std::atoll(arguments[2]), std::atoll(arguments[3]),
                    std::max(2LL, std::atoll(arguments[4])));
  } catch (const tvr::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
