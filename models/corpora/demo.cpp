// The demo corpus of `tvr data synth`: generated videos, annotated in MSR-VTT's format with tags.csv beside it.
#include "msrvtt.h"

namespace tvr {
namespace {

struct DemoOptions : MsrvttOptions {
  DemoOptions() { root = "data/demo"; }
};

}  // namespace

TVR_REGISTER_CORPUS(demo, MsrvttCorpus, DemoOptions)

}  // namespace tvr
