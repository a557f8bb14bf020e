#include "tvr/video/media_libraries.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
}

#include <opencv2/core/utility.hpp>

namespace tvr {

MediaLibraries media_libraries() {
  return {av_version_info(), cv::getVersionString(), avcodec_find_encoder_by_name("libx264") != nullptr,
          avcodec_find_encoder_by_name("aac") != nullptr};
}

}  // namespace tvr
