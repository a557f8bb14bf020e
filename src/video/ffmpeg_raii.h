#pragma once
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <atomic>
#include <memory>
#include <string>

// Owners of FFmpeg's objects. The only place that knows how each is freed, and the only place for what differs between
// versions of FFmpeg.
namespace tvr::ffmpeg {

/// Deleter for free functions that take a pointer to the pointer.
template <class T, void (*Free)(T**)>
struct FreeByAddress {
  void operator()(T* object) const { Free(&object); }
};

/// Deleter for free functions that take the pointer.
template <class T, void (*Free)(T*)>
struct FreeByValue {
  void operator()(T* object) const { Free(object); }
};

/// A muxer's context; closes its file, where it has opened one.
struct FreeOutput {
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr && (context->oformat->flags & AVFMT_NOFILE) == 0) avio_closep(&context->pb);
    avformat_free_context(context);
  }
};

/// A file opened for reading by ourselves; it must outlive the InputFormat that reads from it.
struct CloseInputFile {
  void operator()(AVIOContext* file) const { avio_closep(&file); }
};

using InputFile = std::unique_ptr<AVIOContext, CloseInputFile>;
using InputFormat = std::unique_ptr<AVFormatContext, FreeByAddress<AVFormatContext, avformat_close_input>>;
using OutputFormat = std::unique_ptr<AVFormatContext, FreeOutput>;
using CodecContext = std::unique_ptr<AVCodecContext, FreeByAddress<AVCodecContext, avcodec_free_context>>;
using CodecParameters = std::unique_ptr<AVCodecParameters, FreeByAddress<AVCodecParameters, avcodec_parameters_free>>;
using Frame = std::unique_ptr<AVFrame, FreeByAddress<AVFrame, av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, FreeByAddress<AVPacket, av_packet_free>>;
using Parser = std::unique_ptr<AVCodecParserContext, FreeByValue<AVCodecParserContext, av_parser_close>>;
using FilterGraph = std::unique_ptr<AVFilterGraph, FreeByAddress<AVFilterGraph, avfilter_graph_free>>;
using FilterInOut = std::unique_ptr<AVFilterInOut, FreeByAddress<AVFilterInOut, avfilter_inout_free>>;
using Resampler = std::unique_ptr<SwrContext, FreeByAddress<SwrContext, swr_free>>;
using Scaler = std::unique_ptr<SwsContext, FreeByValue<SwsContext, sws_freeContext>>;

/// A list of option names and values, for the open functions that take and change one.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { av_dict_free(&entries_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  void set(const char* key, const std::string& value) { av_dict_set(&entries_, key, value.c_str(), 0); }
  AVDictionary** address() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

/// New empty ones; throw std::bad_alloc.
Frame new_frame();
Packet new_packet();

/// FFmpeg's sentence for a negative return code: "Invalid data found when processing input".
std::string error_text(int code);

/// The nine numbers of a stream's display matrix, or nullptr.
const int32_t* display_matrix(const AVStream& stream);

/// How long a frame is on screen, in the stream's time base; 0 where the file does not say.
int64_t duration_of(const AVFrame& frame);

/// What a `buffer` filter must be told about the colours of its frames, as ":name=value…".
std::string color_arguments(const AVFrame& frame);

/// Counts the errors that an AVCodecContext writes to FFmpeg's log, where its `opaque` points to one: what is wrong in
/// a stream is not always returned. Needs quiet_log(); no other AVCodecContext may use `opaque`.
using ErrorCount = std::atomic<int64_t>;

/// Sends FFmpeg's own log to spdlog at level debug, for the whole process; it never reaches standard error by itself.
/// Call before anything else of FFmpeg; repeated calls do nothing.
void quiet_log();

}  // namespace tvr::ffmpeg
