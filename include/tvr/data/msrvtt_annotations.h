#pragma once
#include <filesystem>
#include <vector>

#include "tvr/data/annotated_videos.h"

namespace tvr {

/// The videos and sentences of MSR-VTT's JSON, in file order:
///
///   {"videos": [{"video_id", "split", …}], "sentences": [{"video_id", "sen_id", "caption"}]}
///       MSRVTT_data.json, or the official pair of files, whose union it is
///   {"annotations": [{"image_id", "caption"}]}
///       MSR_VTT.json in COCO's style, which names no splits
///
/// Throws DataError naming file, line and element for what is malformed, repeated or about an unknown video.
AnnotatedVideos read_msrvtt(const std::vector<std::filesystem::path>& files);

}  // namespace tvr
