#include "tvr/data/video_survey.h"

#include <fmt/format.h>

#include <atomic>
#include <stdexcept>

#include "data/probe_cache.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/media_libraries.h"
#endif

namespace tvr {
namespace fs = std::filesystem;
namespace {

#ifdef TVR_WITH_VIDEO
VideoProbe probe(const fs::path& file, ProbeDepth depth) {
  return probe_video(file, depth);
}
std::string library_version() {
  return media_libraries().ffmpeg;
}
#else
VideoProbe probe(const fs::path& file, ProbeDepth) {
  VideoProbe result;
  std::error_code error;
  result.bytes = static_cast<int64_t>(fs::file_size(file, error));
  result.state = error ? VideoState::kUnreadable : result.bytes > 0 ? VideoState::kUsable : VideoState::kEmpty;
  return result;
}
std::string library_version() {
  return "none";
}
#endif

std::string of_reason(const std::string& reason) {
  return reason.empty() ? "" : " (" + reason + ")";
}

// A failure of the disk or of a permission may be over tomorrow; it is looked at again.
bool is_lasting(const VideoProbe& probe) {
  return probe.state != VideoState::kMissing && probe.state != VideoState::kUnreadable;
}

}  // namespace

std::string state_name(VideoState state) {
  switch (state) {
    case VideoState::kUsable:
      return "usable";
    case VideoState::kMissing:
      return "missing";
    case VideoState::kEmpty:
      return "empty";
    case VideoState::kUnreadable:
      return "unreadable";
    case VideoState::kNotAVideo:
      return "not-a-video";
    case VideoState::kUnopenable:
      return "unopenable";
    case VideoState::kNoVideoStream:
      return "no-video-stream";
    case VideoState::kUndecodable:
      return "undecodable";
  }
  throw std::logic_error("an unknown state of a video");
}

std::string sentence_of(const VideoProbe& probe) {
  switch (probe.state) {
    case VideoState::kUsable:
      return "";
    case VideoState::kMissing:
      return "has no file";
    case VideoState::kEmpty:
      return "is empty (0 bytes)";
    case VideoState::kUnreadable:
      return "cannot be read" + of_reason(probe.reason);
    case VideoState::kNotAVideo:
      return "is not a video: its bytes are of no media format";
    case VideoState::kUnopenable:
      return "is cut off or broken in its headers" + of_reason(probe.reason);
    case VideoState::kNoVideoStream:
      return probe.reason + ": it is sound alone";
    case VideoState::kUndecodable:
      return "has not one frame that can be decoded" + of_reason(probe.reason);
  }
  throw std::logic_error("an unknown state of a video");
}

ProbeDepth depth_of(const std::string& verify) {
  if (verify == "headers") return ProbeDepth::kHeaders;
  if (verify == "decode") return ProbeDepth::kDecode;
  throw std::invalid_argument("'" + verify + "' is no depth to look at videos");
}

VideoSurvey::VideoSurvey(SurveyOptions options)
    : options_(std::move(options)), cache_(std::make_unique<ProbeCache>(options_.folder, library_version())) {}

VideoSurvey::~VideoSurvey() = default;

std::vector<VideoProbe> VideoSurvey::look(const std::vector<VideoItem>& videos, const std::string& title) {
  const auto count = static_cast<int64_t>(videos.size());
  std::vector<VideoProbe> probes(videos.size());
  std::atomic<int64_t> opened{0};
  Progress progress(title, count);
  parallel_for(count, options_.threads, [&](int64_t i) {
    const auto& file = videos[static_cast<size_t>(i)].path;
    const auto stamp = file.empty() ? std::nullopt : stamp_of(file);
    auto& result = probes[static_cast<size_t>(i)];
    if (const auto known = stamp ? cache_->find(*stamp, options_.depth) : std::nullopt) {
      result = *known;
    } else if (!file.empty()) {
      ++opened;
      result = probe(file, options_.depth);
      if (stamp && is_lasting(result)) cache_->add(*stamp, options_.depth, result);
    }
    progress.advance();
  });
  opened_ += opened;
  return probes;
}

std::vector<std::string> VideoSurvey::notes() const {
  auto notes = cache_->notes();
#ifndef TVR_WITH_VIDEO
  notes.emplace_back("this program was built without video support: that files have bytes is all that was looked at.");
#endif
  return notes;
}

void verify_videos(RetrievalSplit& split, const CorpusOptions& files, int64_t threads) {
  if (files.verify == "none" || files.videos.empty()) return;
  VideoSurvey survey({depth_of(files.verify), threads, fs::path(files.root) / files.videos});
  const auto probes = survey.look(split.videos, split.name + " videos");
  std::vector<std::string> reasons;
  int64_t cut_off = 0, damaged = 0;
  for (size_t i = 0; i < probes.size(); ++i) {
    reasons.push_back(split.videos[i].black ? "" : sentence_of(probes[i]));
    if (probes[i].missing_bytes > 0) ++cut_off;
    if (probes[i].missing_bytes == 0 && probes[i].lost_frames + probes[i].damaged_packets > 0) ++damaged;
  }
  const auto note = [&](int64_t count, const char* what) {
    if (count > 0)
      split.notes.push_back(fmt::format("{} {} {}; the frames that exist are used.", count,
                                        count == 1 ? "video is" : "videos are", what));
  };
  note(cut_off, "cut off");
  note(damaged, "damaged");
  for (const auto& sentence : survey.notes()) split.notes.push_back(sentence);
  apply_policy(split, reasons, files.missing);
}

}  // namespace tvr
