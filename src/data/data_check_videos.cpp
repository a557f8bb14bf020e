#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_set>

#include "data/data_check_parts.h"
#include "tvr/data/video_survey.h"

namespace tvr {
namespace {

constexpr double kTolerance = 1;  // seconds: annotated ends are rounded up

std::string advice_for(const std::string& policy) {
  if (policy == "skip") return "left out with their captions, as data.missing says";
  if (policy == "substitute-black") return "black frames stand in, as data.missing says";
  return "restore them, or choose data.missing: skip or substitute-black";
}

// The groups a report shows: one for each state that occurs.
std::string plural_sentence(VideoState state) {
  switch (state) {
    case VideoState::kMissing:
      return "without a file";
    case VideoState::kEmpty:
      return "with an empty file (0 bytes)";
    case VideoState::kUnreadable:
      return "that cannot be read";
    case VideoState::kNotAVideo:
      return "that are no videos: their bytes are of no media format";
    case VideoState::kUnopenable:
      return "cut off or broken in their headers";
    case VideoState::kNoVideoStream:
      return "that are sound alone";
    default:
      return "of which not one frame can be decoded";
  }
}

void add_unusable(std::vector<Finding>& findings, const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
                  const std::string& policy) {
  std::map<std::string, std::string> reasons;  // of videos whose file was not found
  for (const auto& video : split.unusable) reasons[video.id] = video.reason;
  std::map<VideoState, Finding> groups;
  for (size_t i = 0; i < probes.size(); ++i) {
    if (probes[i].usable()) continue;
    const auto known = reasons.find(split.videos[i].id);
    const auto& reason = known != reasons.end() ? known->second : sentence_of(probes[i]);
    const bool empty = known != reasons.end() && reason.starts_with("is empty");
    groups[empty ? VideoState::kEmpty : probes[i].state].items.push_back({split.videos[i].id, reason});
  }
  for (auto& [state, group] : groups) {
    group.severity = policy == "fail" ? Severity::kError : Severity::kWarning;
    group.kind = state_name(state);
    group.sentence = share_of(static_cast<int64_t>(group.items.size()), static_cast<int64_t>(probes.size()), "video") +
                     " " + plural_sentence(state);
    group.advice = advice_for(policy);
    findings.push_back(std::move(group));
  }
}

// Adds `finding` with every usable video for which `detail` is not empty.
template <class Detail>
void add_where(std::vector<Finding>& findings, const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
               Finding finding, Detail&& detail) {
  for (size_t i = 0; i < probes.size(); ++i) {
    if (!probes[i].usable()) continue;
    if (auto text = detail(probes[i], split.videos[i]); !text.empty())
      finding.items.push_back({split.videos[i].id, std::move(text)});
  }
  if (finding.items.empty()) return;
  finding.sentence =
      share_of(static_cast<int64_t>(finding.items.size()), static_cast<int64_t>(probes.size()), "video") + " " +
      finding.sentence;
  findings.push_back(std::move(finding));
}

std::string cut_off(const VideoProbe& probe, const VideoItem&) {
  if (probe.missing_bytes <= 0) return "";
  const auto frames =
      probe.lost_frames > 0 ? fmt::format(", {} of {} frames are left", probe.frames, probe.stated_frames) : "";
  return fmt::format("{} of {} bytes are there{}", probe.bytes, probe.bytes + probe.missing_bytes, frames);
}

std::string damaged(const VideoProbe& probe, const VideoItem&) {
  if (probe.missing_bytes > 0 || probe.lost_frames + probe.damaged_packets == 0) return "";
  const auto frames = probe.stated_frames > 0 ? fmt::format("{} of {} frames decode", probe.frames, probe.stated_frames)
                                              : counted(probe.frames, "frame") + " decode";
  return fmt::format("{}, {}", frames, counted(probe.damaged_packets, "damaged packet"));
}

// A window that all videos share is a rule of the corpus (DiDeMo's 31 s), not the length of a video.
bool windows_differ(const RetrievalSplit& split) {
  return std::any_of(split.videos.begin(), split.videos.end(),
                     [&](const VideoItem& video) { return video.end != split.videos[0].end; });
}

std::string shorter_than_annotated(const VideoProbe& probe, const VideoItem& video) {
  if (probe.duration <= 0 || !std::isfinite(video.end) || probe.duration + kTolerance >= video.end) return "";
  return fmt::format("{:.1f} s instead of {:.1f} s", probe.duration, video.end);
}

std::string ends_before_window(const VideoProbe& probe, const VideoItem& video) {
  if (probe.duration <= 0 || video.start <= 0 || video.start < probe.duration) return "";
  return fmt::format("{:.1f} s long, annotated from {:.1f} s", probe.duration, video.start);
}

void add_oddities(std::vector<Finding>& findings, const RetrievalSplit& split, const std::vector<VideoProbe>& probes) {
  add_where(findings, split, probes,
            {Severity::kWarning, "cut-off", "cut off: their containers are longer than the files",
             "download them again; until then the frames they have are used"},
            cut_off);
  add_where(findings, split, probes,
            {Severity::kWarning, "damaged", "damaged: frames are lost",
             "download them again; until then the frames they have are used"},
            damaged);
  add_where(findings, split, probes,
            {Severity::kWarning, "outside-window", "that end before what their captions describe begins",
             "check that these are the videos of the annotations; their last frame is used"},
            ends_before_window);
  if (windows_differ(split))
    add_where(findings, split, probes,
              {Severity::kNote, "shorter-than-annotated", "more than a second shorter than annotated"},
              shorter_than_annotated);
  add_where(findings, split, probes, {Severity::kNote, "no-frame-rate", "whose container states no frame rate"},
            [](const VideoProbe& probe, const VideoItem&) {
              return probe.codec.empty() || probe.frames_per_second > 0 ? "" : probe.codec;
            });
  add_where(findings, split, probes,
            {Severity::kNote, "variable-frame-rate", "of variable frame rate: frames are taken by their number"},
            [](const VideoProbe& probe, const VideoItem&) {
              const bool whole = probe.lost_frames + probe.damaged_packets == 0;  // else the gaps are the damage
              return probe.variable_frame_rate && whole
                         ? fmt::format("{:.4g} frames/s on average", probe.frames_per_second)
                         : std::string();
            });
  add_where(findings, split, probes, {Severity::kNote, "rotated", "stored turned: they are set upright"},
            [](const VideoProbe& probe, const VideoItem&) {
              return probe.rotation != 0 ? fmt::format("by {} degrees", probe.rotation) : std::string();
            });
}

// Frame times as regular as the container's numbers make them.
VideoTimeline timeline_of(const VideoProbe& probe) {
  VideoTimeline timeline;
  timeline.stated_frames_per_second = probe.frames_per_second;
  timeline.frames = probe.frames;
  constexpr double kMostFrames = 1e6;  // beyond it a header is wrong, and rules give the same from fewer
  if (timeline.frames == 0)
    timeline.frames = std::llround(std::min(kMostFrames, probe.duration * probe.frames_per_second));
  const double rate = probe.duration > 0 ? static_cast<double>(timeline.frames) / probe.duration : 0;
  timeline.frames_per_second = rate > 0 ? rate : probe.frames_per_second;
  for (int64_t i = 0; i < timeline.frames; ++i)
    timeline.times.push_back(timeline.frames_per_second > 0 ? static_cast<double>(i) / timeline.frames_per_second : 0);
  return timeline;
}

}  // namespace

std::vector<Finding> video_findings(const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
                                    const std::string& policy) {
  std::vector<Finding> findings;
  add_unusable(findings, split, probes, policy);
  add_oddities(findings, split, probes);
  return findings;
}

std::optional<DurationFacts> durations_of(const std::vector<VideoProbe>& probes) {
  std::vector<double> seconds;
  for (const auto& probe : probes)
    if (probe.usable() && probe.duration > 0) seconds.push_back(probe.duration);
  if (seconds.empty()) return std::nullopt;
  std::sort(seconds.begin(), seconds.end());
  DurationFacts facts;
  facts.videos = static_cast<int64_t>(seconds.size());
  for (const double duration : seconds) facts.total += duration;
  facts.shortest = seconds.front(), facts.median = seconds[seconds.size() / 2], facts.longest = seconds.back();
  return facts;
}

std::optional<SamplingFacts> sampling_of(const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
                                         const FrameSampling& sampling, std::vector<Finding>& findings) {
  SamplingFacts facts;
  facts.wanted = sampling.count;
  Finding finding{Severity::kNote, "few-frames", ""};
  for (size_t i = 0; i < probes.size(); ++i) {
    if (!probes[i].usable()) continue;
    const auto timeline = timeline_of(probes[i]);
    if (timeline.frames < 1) continue;
    ++facts.videos;
    facts.estimated = facts.estimated || probes[i].frames == 0;
    const auto indices = sample_frames(sampling, timeline, {split.videos[i].start, split.videos[i].end});
    const auto different = static_cast<int64_t>(std::unordered_set<int64_t>(indices.begin(), indices.end()).size());
    if (different >= facts.wanted) continue;
    ++facts.fewer;
    if (different == 1) ++facts.single;
    finding.items.push_back({split.videos[i].id, counted(different, "frame")});
  }
  if (facts.videos == 0) return std::nullopt;
  if (facts.fewer == 0) return facts;
  finding.sentence =
      fmt::format("{} give fewer than {} different frames (rule {}), {} of them only one",
                  share_of(facts.fewer, facts.videos, "video"), facts.wanted, sampling.rule, facts.single);
  findings.push_back(std::move(finding));
  return facts;
}

std::string file_of(const VideoItem& video) {
  return video.path.lexically_normal().string();
}

std::vector<Finding> shared_videos(const std::vector<RetrievalSplit>& splits) {
  std::vector<Finding> findings;
  for (size_t a = 0; a < splits.size(); ++a)
    for (size_t b = a + 1; b < splits.size(); ++b) {
      std::unordered_set<std::string> ids, files;  // lists may name the same file in other words
      for (const auto& video : splits[a].videos) {
        ids.insert(video.id);
        if (!video.path.empty()) files.insert(file_of(video));
      }
      const bool training = splits[a].name == "train" || splits[b].name == "train";
      Finding finding{training ? Severity::kWarning : Severity::kNote, splits[a].name + "-" + splits[b].name, ""};
      for (const auto& video : splits[b].videos)
        if (ids.count(video.id) > 0 || (!video.path.empty() && files.count(file_of(video)) > 0))
          finding.items.push_back({video.id, ""});
      if (finding.items.empty()) continue;
      finding.sentence = fmt::format(
          "{} of {} are in {} too{}",
          share_of(static_cast<int64_t>(finding.items.size()), static_cast<int64_t>(splits[b].videos.size()), "video"),
          splits[b].name, splits[a].name, training ? ": its numbers do not measure generalisation" : "");
      if (training) finding.advice = "take these videos out of the training list";
      findings.push_back(std::move(finding));
    }
  return findings;
}

}  // namespace tvr
