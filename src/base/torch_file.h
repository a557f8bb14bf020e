#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/zip_archive.h"
#include "tvr/base/array_file.h"

namespace tvr {

/// True if the zip file has what torch.save writes.
bool is_torch_archive(const ZipArchive& archive);
/// The tensors of it, views into the file; of a TorchScript archive those that its modules hold. Its code is not looked
/// at. Throws DataError beginning with `origin`.
std::vector<StoredArray> read_torch_archive(const ZipArchive& archive, const std::string& origin);

/// True if `bytes` begin with a pickle, as the files of torch.save before 1.6 do.
bool is_torch_legacy(std::string_view bytes);
/// The tensors of it. `mapping` is what the bytes lie in. Throws DataError beginning with `origin`.
std::vector<StoredArray> read_torch_legacy(const std::shared_ptr<const MappedFile>& mapping, const std::string& origin);

}  // namespace tvr
