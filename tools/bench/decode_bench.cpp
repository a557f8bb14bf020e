// The job of a loader on one video: open it, read N frames from the middle of N equal segments as RGB. Prints seconds
// and processor seconds of each repetition, one a line; decode_peers.py does and prints the same with other libraries.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "tvr/base/error.h"
#include "tvr/video/video_reader.h"

namespace tvr {
namespace {

constexpr const char* kUsage = "usage: tvr_decode_bench VIDEO FRAMES REPETITIONS packets|decoding [PIXELS]\n";

std::vector<int64_t> middles(int64_t frames, int64_t count) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back((2 * i + 1) * frames / (2 * count));
  return indices;
}

/// The pixels of all frames, one after the other.
std::vector<uint8_t> do_job(const std::string& video, int64_t count, FrameCount how) {
  VideoReaderOptions options;
  options.count = how;
  std::vector<uint8_t> pixels;
  const auto reader = open_video(video, options);
  const auto size = static_cast<size_t>(reader->info().height * reader->info().width * 3);
  pixels.resize(size * static_cast<size_t>(count));
  reader->read(middles(reader->info().frames, count), [&](int64_t position, const Image& image) {
    std::copy(image.pixels.begin(), image.pixels.end(),
              pixels.begin() + static_cast<std::ptrdiff_t>(size * static_cast<size_t>(position)));
  });
  return pixels;
}

int run(int count, char** arguments) {
  if (count < 5) return std::fputs(kUsage, stderr), 2;
  const std::string video = arguments[1], how = arguments[4];
  const int64_t frames = std::atoll(arguments[2]), repetitions = std::atoll(arguments[3]);
  if (frames < 1 || repetitions < 1 || (how != "packets" && how != "decoding")) return std::fputs(kUsage, stderr), 2;
  for (int64_t i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto processor = std::clock();
    const auto pixels = do_job(video, frames, how == "packets" ? FrameCount::kByPackets : FrameCount::kByDecoding);
    std::printf("%.6f %.6f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
                static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC);
    if (i == 0 && count > 5)
      std::ofstream(arguments[5], std::ios::binary)
          .write(reinterpret_cast<const char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()));
  }
  return 0;
}

}  // namespace
}  // namespace tvr

int main(int count, char** arguments) {
  try {
    return tvr::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tvr_decode_bench: %s\n", error.what());
    return 1;
  }
}
