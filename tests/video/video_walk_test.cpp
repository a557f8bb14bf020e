// Random access to every real video, whole and damaged, as loaders do it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>

#include "tvr/base/error.h"
#include "video/test_videos.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kMostKilobytes = 1'000'000;

std::vector<fs::path> all_videos() {
  std::vector<fs::path> files;
  for (const auto& video : test::probed_videos()) files.push_back(test::data_folder() / video.path);
  return files;
}

std::vector<int64_t> random_indices(int64_t frames, std::mt19937_64& random) {
  std::vector<int64_t> indices(1 + random() % 12);
  for (auto& index : indices) index = static_cast<int64_t>(random() % static_cast<uint64_t>(frames));
  return indices;
}

// Reads random frames of a file; returns how many arrived.
int64_t visit(const fs::path& file, FrameCount count, std::mt19937_64& random) {
  int64_t taken = 0;
  const auto choose = [&](const VideoInfo& info) { return random_indices(info.frames, random); };
  read_frames(file, {1, count}, choose, [&](int64_t, const Image& image) {
    EXPECT_EQ(static_cast<int64_t>(image.pixels.size()), image.height * image.width * 3);
    ++taken;
  });
  return taken;
}

// A copy with `flips` random bytes changed and, for odd seeds, its end cut off.
void write_damaged(const fs::path& file, const fs::path& copy, uint64_t seed, std::mt19937_64& random) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (int flip = 0; flip < 8 && !bytes.empty(); ++flip) bytes[random() % bytes.size()] = static_cast<char>(random());
  if (seed % 2 == 1 && !bytes.empty()) bytes.resize(random() % bytes.size());
  std::ofstream(copy, std::ios::binary) << bytes;
}

#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed
void expect_little_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, kMostKilobytes);
}
#else
void expect_little_memory() {}
#endif

TEST(VideoWalk, RandomFramesOfEveryFile) {
  TVR_NEED_TEST_DATA();
  std::mt19937_64 random(2026);
  int64_t visited = 0;
  for (const auto& file : all_videos())
    for (const auto count : {FrameCount::kByPackets, FrameCount::kByDecoding, FrameCount::kByPackets}) {
      try {
        EXPECT_GT(visit(file, count, random), 0) << file;
        ++visited;
      } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find(file.filename().string()), std::string::npos) << error.what();
      }
    }
  EXPECT_EQ(visited, 101 * 3);  // the data's README names four files without decodable video
  expect_little_memory();
}

TEST(VideoWalk, RandomFramesOfDamagedCopies) {
  TVR_NEED_TEST_DATA();
  const test::TemporaryFolder folder;
  for (const auto& file : all_videos())
    for (uint64_t seed = 0; seed < 2; ++seed) {
      std::mt19937_64 random(seed + 100);
      const auto copy = folder.path() / ("damaged" + file.extension().string());
      write_damaged(file, copy, seed, random);
      try {
        visit(copy, FrameCount::kByPackets, random);
      } catch (const DataError&) {  // said in a sentence, which other tests read
      }
    }
  expect_little_memory();
}

}  // namespace
}  // namespace tvr
