#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tvr/eval/score_matrix.h"

namespace tvr {

/// How embeddings become scores.
enum class EmbeddingSimilarity { kCosine, kDot };
/// "cosine" or "dot". Throws ConfigError for others.
EmbeddingSimilarity parse_similarity(const std::string& name);

/// Where embeddings lie, each FILE or FILE:NAME of any format of read_arrays().
struct EmbeddingFiles {
  std::string text;        ///< [T,D], or tokens [T,L,D]
  std::string video;       ///< [V,D], or frames [V,F,D]
  std::string text_mask;   ///< [T,L], not 0 where a token is real; "all"; "" for [T,D]
  std::string video_mask;  ///< [V,F] likewise
};

/// The scores [T,V] of every text with every video, float32, computed in double block by block into a temporary file
/// without a name, which the matrix is read from: 4 T V bytes of disk, a bounded amount of memory. With tokens or
/// frames the score is token-wise: the mean of "mean over words of the best frame" and "mean over frames of the best
/// word" (DRL's TI). A cosine with a vector of length 0, and a row without any real token, gives NaN; `notes` says how
/// many there are. Throws DataError for shapes that do not fit each other, and tokens without a mask.
std::unique_ptr<ScoreMatrix> embedding_scores(const EmbeddingFiles& files, EmbeddingSimilarity similarity,
                                              std::vector<std::string>& notes);

}  // namespace tvr
