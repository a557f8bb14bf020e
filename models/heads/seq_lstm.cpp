// CLIP4Clip's seqLSTM (baselines.md 3.1): an LSTM reads the frames in order, its states are added to them, then
// mean_pool. The table of frame positions in the original's checkpoints is never used there, and left out here.
#include "mean_pool.h"

namespace tvr {
namespace {

struct SeqLstmOptions {
  bool normalize_frames = true;
  template <class Visit>
  void fields(Visit&& f) {
    f("normalize_frames", normalize_frames, "Normalise each frame before averaging");
  }
};

class SeqLstm final : public MeanPooled {
 public:
  SeqLstm(const SeqLstmOptions& options, const HeadContext& context)
      : MeanPooled(options.normalize_frames, temporal(context), context) {}

 private:
  static TemporalOptions temporal(const HeadContext& context) {
    TemporalOptions temporal;
    temporal.temporal = "lstm";
    temporal.positions = context.max_frames;  // of no meaning to an LSTM, which takes any number of frames
    return temporal;
  }
};

}  // namespace
TVR_REGISTER_HEAD(seq_lstm, SeqLstm, SeqLstmOptions)
}  // namespace tvr
