#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"

namespace tvr {

/// An array of a file as it lies there: any byte order, any strides. What it points to stays valid as long as the
/// object lives.
struct StoredArray {
  std::string name;  ///< within its file; "" where the format holds one unnamed array
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;  ///< in elements, never negative
  bool big_endian = false;
  const char* data = nullptr;  ///< first element, may be unaligned
  std::shared_ptr<const void> keeps_alive;

  /// "float32 [1000, 1000]", for messages.
  std::string description() const;
};

/// The arrays of a file, recognised by its content, not by its name:
///
///   .npy           versions 1 to 3, C and Fortran order, both byte orders, all integers, bool, float16 to longdouble
///   .npz           such arrays in a zip file, stored or deflated; named by their members
///   .safetensors   all its element types but those of fewer than 8 bits
///   .pt, .pth …    what Python's torch.save wrote (zip format since 1.6 and the one before): tensors in nested
///                  dictionaries, lists, tuples, modules' state_dicts; named by their path ("model.weight", "0.1"). The
///                  pickle in it is interpreted by read_pickle(), which executes nothing. Of TorchScript archives
///                  the tensors of the modules; their code is neither compiled nor run
///   .csv, .tsv     numbers, one row a line; tab, comma, semicolon or blanks between them; nan and inf are numbers.
///   Names
///                  are left out: a first row without any number, and a first column without any, or both of them,
///                  whatever they look like, where the corner is empty and the row has names or 0, 1, 2 …
///
/// Opening maps the file and reads headers only; deflated members and csv files are unpacked to an unlinked temporary
/// file (TMPDIR), never to memory. Throws DataError naming file, place and what is wrong: truncated, wrong header, a
/// shape that does not fit the bytes, objects instead of numbers, text in a cell (line and column), an unsafe pickle.
std::vector<StoredArray> read_arrays(const std::filesystem::path& file);

/// One array of a file: the only one, the one named behind a colon ("features.npz:text"), or the only one with
/// `dimensions` dimensions. A path that exists is taken as it is, colon or not. Throws DataError listing the arrays
/// where the choice is open.
StoredArray read_array(const std::string& file_and_name, size_t dimensions);

}  // namespace tvr
