#pragma once
#include <string>
#include <vector>

#include "tvr/data/data_check.h"

// The parts that check_data() puts together. Private to src/data.
namespace tvr {

/// Encoding, empty texts, videos without caption, repeated ids and texts.
std::vector<Finding> caption_findings(const RetrievalSplit& split);

/// Adds a finding where captions exceed the limit.
TokenFacts count_tokens(const RetrievalSplit& split, const DataCheckOptions& options, std::vector<Finding>& findings);

/// Videos that cannot be used, by reason, and oddities of the usable ones. `policy` as CorpusOptions::missing.
std::vector<Finding> video_findings(const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
                                    const std::string& policy);

std::optional<DurationFacts> durations_of(const std::vector<VideoProbe>& probes);

/// Adds a finding where videos have fewer frames than wanted.
std::optional<SamplingFacts> sampling_of(const RetrievalSplit& split, const std::vector<VideoProbe>& probes,
                                         const FrameSampling& sampling, std::vector<Finding>& findings);

/// Videos that two splits share; warnings where one of them is trained on.
/// What tells files apart: the path without detours.
std::string file_of(const VideoItem& video);

std::vector<Finding> shared_videos(const std::vector<RetrievalSplit>& splits);

/// One line of at most `most` bytes, cut between characters.
std::string shortened(const std::string& text, size_t most);

/// "1 video", "3 videos".
std::string counted(int64_t count, const std::string& noun);

/// "3 of 1000 videos".
std::string share_of(int64_t count, int64_t all, const std::string& noun);

}  // namespace tvr
