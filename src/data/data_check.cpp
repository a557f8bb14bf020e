#include "tvr/data/data_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "data/data_check_parts.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/base/random.h"
#include "tvr/data/video_survey.h"
#ifdef TVR_WITH_VIDEO
#include "data/video_frames.h"
#endif

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLongestSentence = 300;

SplitSize size_of(const RetrievalSplit& split) {
  return {static_cast<int64_t>(split.videos.size()), static_cast<int64_t>(split.captions.size())};
}

// Corpus::annotated() notes in numbers what findings here tell with names.
bool is_told_by_findings(const std::string& note) {
  return note.starts_with("Captions that are empty or blank:") || note.starts_with("Videos without a caption:") ||
         note.starts_with("Texts that belong to more than one video:");
}

// "10 missing, 1 empty" of the errors that name videos.
std::string kinds_of_errors(const SplitCheck& split, int64_t& count) {
  std::vector<std::string> kinds;
  for (const auto& finding : split.findings) {
    if (finding.severity != Severity::kError || finding.items.empty()) continue;
    kinds.push_back(fmt::format("{} {}", finding.items.size(), finding.kind));
    count += static_cast<int64_t>(finding.items.size());
  }
  return join(kinds, ", ");
}

void append(std::vector<Finding>& findings, std::vector<Finding> more) {
  for (auto& finding : more) findings.push_back(std::move(finding));
}

// All videos, with their files where these can be told; the others are black, with the reason.
RetrievalSplit read_split(const Corpus& corpus, const std::string& name) {
  auto split = corpus.annotated(name);
  if (corpus.files().videos.empty()) return split;
  for (auto& video : split.videos) {
    FoundVideo found;
    try {
      found = corpus.find_file(video);
    } catch (const DataError& error) {  // several files for one id
      found.reason = shortened(error.what(), kLongestSentence);
    }
    video.path = std::move(found.path);
    video.black = !found.reason.empty();
    if (video.black) split.unusable.push_back({video.id, std::move(found.reason)});
  }
  return split;
}

void check_published(const std::optional<PublishedCounts>& published, SplitCheck& check) {
  check.published = published;
  const auto& listed = check.listed;
  if (!published || (published->videos == listed.videos && published->captions == listed.captions)) return;
  check.findings.push_back(
      {Severity::kWarning, "published-counts",
       fmt::format("{} and {} are listed, {} has {} and {}: {:+} and {:+}", counted(listed.videos, "video"),
                   counted(listed.captions, "caption"), published->name, published->videos, published->captions,
                   listed.videos - published->videos, listed.captions - published->captions),
       "numbers over other rows are not comparable with published ones; compare the lists"});
}

// Sizes and order of what can be used, and of what will be by the policy.
void check_sizes(const RetrievalSplit& split, const std::vector<VideoProbe>& probes, const std::string& policy,
                 SplitCheck& check) {
  std::vector<std::string> reasons;
  for (const auto& probe : probes) reasons.push_back(sentence_of(probe));
  auto kept = split;
  for (auto& video : kept.videos) video.black = false;
  try {
    if (!probes.empty()) apply_policy(kept, reasons, "skip");
    check.usable = size_of(kept);
    if (policy != "fail" || check.usable.videos == check.listed.videos)
      check.used = policy == "skip" ? check.usable : check.listed;
  } catch (const DataError&) {  // not one video is left
    kept = split;
    if (policy != "fail")
      check.findings.push_back({Severity::kError, "nothing-left", "not one video can be used",
                                "check that data.videos is the right folder"});
  }
  check.order_sha256 = order_sha256(check.used && policy == "skip" ? kept : split);
}

#ifdef TVR_WITH_VIDEO
// Mean seconds of a few videos, drawn the same way each time; none if not one can be read.
SpeedEstimate time_videos(std::vector<VideoItem> videos, const DataCheckOptions& options) {
  using Clock = std::chrono::steady_clock;
  constexpr double kEnough = 10;  // seconds: long videos need no large sample
  Random(0, "videos to time").shuffle(videos);
  SpeedEstimate speed;
  double seconds = 0;
  for (const auto& video : videos) {
    if (speed.measured_videos == options.measured_videos || seconds > kEnough) break;
    const auto start = Clock::now();
    try {
      read_sampled(video, options.sampling, {}, [](const SampledVideo&, int64_t, const Image&) {});
    } catch (const DataError&) {  // a finding already
      continue;
    }
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    ++speed.measured_videos;
  }
  if (speed.measured_videos > 0) speed.seconds_a_video = seconds / static_cast<double>(speed.measured_videos);
  return speed;
}
#else
SpeedEstimate time_videos(const std::vector<VideoItem>&, const DataCheckOptions&) {
  return {};
}
#endif

class Checker {
 public:
  Checker(const Corpus& corpus, const DataCheckOptions& options) : corpus_(corpus), options_(options) {
    const auto& files = corpus.files();
    check_.root = files.root;
    check_.videos = files.videos;
    check_.policy = options.policy.empty() ? files.missing : options.policy;
    check_.verify = options.verify.empty() ? files.verify : options.verify;
    if (files.videos.empty()) check_.verify = "none";
    if (check_.verify != "none")
      survey_.emplace(SurveyOptions{depth_of(check_.verify), options.threads, fs::path(files.root) / files.videos});
  }

  DataCheck run() {
    for (const auto& name : options_.splits) check_.splits.push_back(check_split(name));
    check_.between = shared_videos(splits_);
    if (survey_ && options_.measured_videos > 0) estimate_speed();
    if (survey_) check_.notes = survey_->notes();
    if (check_.videos.empty())
      check_.notes.emplace_back("no folder of videos is set (data.videos): only the annotations were looked at.");
    return std::move(check_);
  }

 private:
  SplitCheck check_split(const std::string& name) {
    SplitCheck check;
    check.name = name;
    try {
      const auto split = read_split(corpus_, name);
      check.listed = {split.listed_videos, split.listed_captions};
      look_at(split, look_up(split), check);
      splits_.push_back(split);
    } catch (const Error& error) {
      check.failure = shortened(error.what(), std::string::npos);
    }
    std::stable_sort(check.findings.begin(), check.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return check;
  }

  // One probe a video; none if only the annotations are looked at.
  std::vector<VideoProbe> look_up(const RetrievalSplit& split) {
    if (survey_) return survey_->look(split.videos, split.name + " videos");
    if (check_.videos.empty()) return {};
    std::vector<VideoProbe> probes(split.videos.size());
    for (size_t i = 0; i < probes.size(); ++i)
      probes[i].state = split.videos[i].path.empty() ? VideoState::kMissing : VideoState::kUsable;
    return probes;
  }

  void look_at(const RetrievalSplit& split, const std::vector<VideoProbe>& probes, SplitCheck& check) {
    auto& findings = check.findings;
    check_sizes(split, probes, check_.policy, check);
    append(findings, video_findings(split, probes, check_.policy));
    check.durations = durations_of(probes);
    check.sampling = sampling_of(split, probes, options_.sampling, findings);
    check_published(split.published, check);
    append(findings, caption_findings(split));
    if (options_.token_count) check.tokens = count_tokens(split, options_, findings);
    for (const auto& note : split.notes)
      if (!is_told_by_findings(note)) findings.push_back({Severity::kNote, "reading", note});
  }

  void estimate_speed() {
    for (size_t i = 0; i < splits_.size(); ++i) {
      std::vector<VideoItem> videos;
      for (const auto& video : splits_[i].videos)
        if (!video.black && !video.path.empty()) videos.push_back(video);
      auto speed = time_videos(std::move(videos), options_);
      if (speed.measured_videos == 0) continue;
      const auto& found = *std::find_if(check_.splits.begin(), check_.splits.end(),
                                        [&](const SplitCheck& check) { return check.name == splits_[i].name; });
      const auto size = found.used.value_or(found.usable);
      speed.split = found.name;
      speed.epoch_videos = options_.by_captions ? size.captions : size.videos;
      speed.threads = std::max<int64_t>(1, options_.loader_threads);
      check_.speed = speed;
      return;
    }
  }

  const Corpus& corpus_;
  const DataCheckOptions& options_;
  DataCheck check_;
  std::optional<VideoSurvey> survey_;
  std::vector<RetrievalSplit> splits_;  ///< that could be read
};

}  // namespace

std::string DataCheck::failure() const {
  std::vector<std::string> parts;
  std::string advice;
  for (const auto& split : splits) {
    if (!split.failure.empty()) parts.push_back("split " + split.name + " cannot be read: " + split.failure);
    int64_t count = 0;
    const auto kinds = kinds_of_errors(split, count);
    if (count > 0)
      parts.push_back(fmt::format("split {}: {} cannot be used ({})", split.name,
                                  share_of(count, split.listed.videos, "video"), kinds));
    for (const auto& finding : split.findings) {
      if (finding.severity != Severity::kError) continue;
      if (finding.items.empty()) parts.push_back("split " + split.name + ": " + finding.sentence);
      if (advice.empty()) advice = finding.advice;
    }
  }
  return join(parts, "; ") + (advice.empty() ? "" : "; " + advice + ".");
}

DataCheck check_data(const Corpus& corpus, const DataCheckOptions& options) {
  return Checker(corpus, options).run();
}

}  // namespace tvr
