#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"
#include "tvr/data/demo_corpus.h"
#include "tvr/data/demo_draw.h"
#include "tvr/video/media_writer.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

void write_video(const fs::path& file, const DemoScene& scene) {
  MediaContent content;
  content.frames_per_second = kDemoFramesPerSecond;
  content.sample_rate = kDemoSampleRate;
  for (int frame = 0; frame < kDemoFrames; ++frame) content.frames.push_back(draw_still(still_at(scene, frame)));
  content.samples = draw_sound(scene);
  write_mp4(file, content);
}

// "demo/" and "demo" name the same folder; files beside it are named after it.
fs::path without_slash(const fs::path& folder) {
  const auto path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

bool write_demo_corpus(const fs::path& wanted, const DemoCorpusOptions& options, int64_t threads) {
  if (const auto message = options.validate(); !message.empty()) throw ConfigError("demo corpus: " + message + ".");
  const fs::path folder = without_slash(wanted);
  if (has_demo_corpus(folder, options)) return false;  // before anything is touched: a foreign folder is refused
  recover_folder(folder);
  if (has_demo_corpus(folder, options)) return false;
  const auto splits = draw_demo_corpus(options);
  std::vector<const DemoVideo*> videos;
  for (const auto& split : splits)
    for (const auto& video : split.videos) videos.push_back(&video);
  replace_folder(folder, [&](const fs::path& fresh) {
    fs::create_directory(fresh / "videos");
    Progress progress("demo corpus", static_cast<int64_t>(videos.size()));
    parallel_for(static_cast<int64_t>(videos.size()), threads, [&](int64_t i) {
      const auto& video = *videos[static_cast<size_t>(i)];
      write_video(fresh / "videos" / (video.id + ".mp4"), video.scene);
      progress.advance();
    });
    write_demo_annotations(fresh, options, splits);
  });
  return true;
}

}  // namespace tvr
