#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tvr {

/// Element types of the array files, spelled as safetensors does. kF128 is x87's extended precision in 16 bytes, the
/// longdouble of NumPy on x86-64, which safetensors does not know.
enum class ElementType { kBool, kU8, kI8, kI16, kU16, kI32, kU32, kI64, kU64, kF16, kBF16, kF32, kF64, kF128 };

int64_t element_size(ElementType type);             ///< bytes
const std::string& element_name(ElementType type);  ///< "F32", "BOOL", …

/// "[2, 3]".
std::string shape_text(const std::vector<int64_t>& shape);

/// Bytes of one array, C order, little-endian, owned by somebody else.
struct ArrayView {
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape;
  const void* data = nullptr;  ///< may be unaligned in files written by others
  int64_t bytes() const;       ///< product of the shape times the element size
};

/// A read-only memory mapping of a whole file. Throws DataError if it cannot be opened.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  const char* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  const char* data_ = nullptr;
  int64_t size_ = 0;
};

/// A safetensors file, mapped: opening reads the header only. Every rule of the format is checked (header size, JSON,
/// duplicate names, overlaps, holes, sizes); a violation throws DataError naming file and array. Thread-safe. The file
/// must not be cut while it is open: like every mapping, reading behind the new end ends the process.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& file);
  const std::map<std::string, ArrayView>& arrays() const { return arrays_; }
  /// Throws DataError with the nearest name if absent.
  const ArrayView& at(const std::string& name) const;
  bool has(const std::string& name) const { return arrays_.count(name) > 0; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Keeps the mapping alive for whoever holds a view into it.
  std::shared_ptr<const MappedFile> mapping() const { return mapping_; }

 private:
  std::filesystem::path file_;
  std::shared_ptr<const MappedFile> mapping_;
  std::map<std::string, ArrayView> arrays_;
  std::map<std::string, std::string> metadata_;
};

/// Writes arrays in the order given, streaming, header padded to 8 bytes; beside and renamed. Throws DataError for a
/// name that isn't UTF-8 or is "__metadata__", std::logic_error for two arrays of one name or elements of kF128.
void write_safetensors(const std::filesystem::path& file, const std::vector<std::pair<std::string, ArrayView>>& arrays,
                       const std::map<std::string, std::string>& metadata = {});

/// Writes a NumPy file, version 1.0, C order; beside and renamed. BF16 has no NumPy type: throws std::logic_error.
void write_npy(const std::filesystem::path& file, const ArrayView& array);

}  // namespace tvr
