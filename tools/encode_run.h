#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/data/frame_sampling.h"

namespace tvr {

/// One `tvr encode`, as it was asked for.
struct EncodeRequest {
  std::string weights, arch, activation, tokenizer;  ///< empty: the weights say it, or need none
  std::string texts, images, videos, out;            ///< empty: none
  std::string device = "auto", precision = "float32", missing = "fail";
  FrameSampling sampling;
  int64_t size = 0;  ///< pixels of a picture's side; 0: as the weights have it
  int64_t batch = 64, threads = 0;
  bool tokens = true, patches = false, overwrite = false;
};

/// What was encoded of one kind of input, in all runs that made the file.
struct EncodedKind {
  std::string name;                                           ///< "texts", "images" or "videos"
  int64_t rows = 0;                                           ///< in the file
  int64_t encoded = 0;                                        ///< rows of this run
  double seconds = 0;                                         ///< of this run
  int64_t not_finite = 0;                                     ///< rows that hold NaN or infinity
  std::string not_finite_rows;                                ///< the first of them
  std::vector<std::pair<std::string, std::string>> left_out;  ///< id and reason
};

struct EncodeReport {
  std::string architecture;
  int64_t dim = 0;        ///< channels of the features
  int64_t truncated = 0;  ///< texts that were longer than `longest` tokens
  int64_t longest = 0;
  std::vector<EncodedKind> kinds;
  std::vector<std::string> notes;  ///< what was assumed of the weights
};

/// Encodes texts, pictures and videos into request.out. Everything about the request, weights and inputs that can be
/// known is checked before work. `stop` is asked after every batch: true commits what there is and throws Interrupted;
/// the same request goes on there, and gives the same bytes as one that was never stopped or killed. Throws DataError
/// for a file that cannot be read, unless request.missing is "skip".
EncodeReport encode(const EncodeRequest& request, const std::function<bool()>& stop);

}  // namespace tvr
