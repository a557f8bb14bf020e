#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tvr/base/array_file.h"
#include "tvr/base/pickle.h"

// What the pickle of a torch.save file says of its tensors. The numbers lie elsewhere in the file, in storages.
namespace tvr {

/// The flat array of numbers under one or several tensors.
struct TorchStorage {
  std::string key;
  int64_t element_size = 1;
  int64_t count = 0;        ///< elements
  bool is_untyped = false;  ///< bytes; each tensor says what they are
  ElementType type = ElementType::kU8;
};

struct TorchTensor {
  std::string name;  ///< path in the saved object: "model.weight", "0.1"; "" if that is a tensor itself
  TorchStorage storage;
  ElementType type = ElementType::kF32;
  int64_t offset = 0;  ///< in elements, as are the strides
  std::vector<int64_t> shape, strides;
};

/// Throws DataError beginning with `origin` and naming the class or function if the pickle names one that is not part
/// of saved tensors, or, in a TorchScript archive (`is_script`), of saved modules.
void check_torch_globals(const Pickle& pickle, const std::string& origin, bool is_script = false);

/// The tensors of a saved object in its order; numbers, texts and the like beside them are left out. The modules of
/// TorchScript are taken as dictionaries of what they hold. Each tensor lies inside of its storage. Throws DataError
/// beginning with `origin`.
std::vector<TorchTensor> torch_tensors(const Pickle& pickle, const std::string& origin);

/// Every storage that is named, by its key; also those of values that torch_tensors() does not look at.
std::map<std::string, TorchStorage> torch_storages(const Pickle& pickle, const std::string& origin);

/// The tensor on the bytes of its storage, which must be as many as the storage has.
StoredArray stored_array(const TorchTensor& tensor, std::string_view bytes, bool big_endian,
                         std::shared_ptr<const void> keeps_alive);

}  // namespace tvr
