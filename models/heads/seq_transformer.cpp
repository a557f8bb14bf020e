// CLIP4Clip's seqTransf (baselines.md 3.1): the frames see each other in a small transformer whose output is added to
// them, then mean_pool. Attention leaves out padding video by video; the original mixes up the masks of a batch.
#include "mean_pool.h"

namespace tvr {
namespace {

struct SeqTransformerOptions {
  bool normalize_frames = true;
  int64_t layers = 4, positions = 77;
  template <class Visit>
  void fields(Visit&& f) {
    f("normalize_frames", normalize_frames, "Normalise each frame before averaging");
    f("layers", layers, "Blocks of the transformer; they begin as copies of the text tower's first blocks",
      within(1, 64));
    f("positions", positions, "Rows of the table of frame positions: the most frames", within(1, 4096));
  }
};

class SeqTransformer final : public MeanPooled {
 public:
  SeqTransformer(const SeqTransformerOptions& options, const HeadContext& context)
      : MeanPooled(options.normalize_frames, temporal(options), context) {}

 private:
  static TemporalOptions temporal(const SeqTransformerOptions& options) {
    TemporalOptions temporal;
    temporal.temporal = "transformer";
    temporal.temporal_layers = options.layers;
    temporal.positions = options.positions;
    return temporal;
  }
};

}  // namespace
TVR_REGISTER_HEAD(seq_transformer, SeqTransformer, SeqTransformerOptions)
}  // namespace tvr
