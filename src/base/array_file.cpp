#include "tvr/base/array_file.h"

#include <algorithm>
#include <cstring>

#include "base/array_layout.h"
#include "base/csv_array.h"
#include "base/npy.h"
#include "base/torch_file.h"
#include "base/zip_archive.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/names.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxListed = 20;
constexpr std::string_view kNpy = ".npy";

const char* type_name(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return "bool";
    case ElementType::kU8:
      return "uint8";
    case ElementType::kI8:
      return "int8";
    case ElementType::kI16:
      return "int16";
    case ElementType::kU16:
      return "uint16";
    case ElementType::kI32:
      return "int32";
    case ElementType::kU32:
      return "uint32";
    case ElementType::kI64:
      return "int64";
    case ElementType::kU64:
      return "uint64";
    case ElementType::kF16:
      return "float16";
    case ElementType::kBF16:
      return "bfloat16";
    case ElementType::kF32:
      return "float32";
    case ElementType::kF64:
      return "float64";
    case ElementType::kF128:
      return "longdouble";
  }
  return "";
}

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04");
}

// The length of the header, little-endian, then a JSON object: no text has three zero bytes there.
bool is_safetensors(std::string_view bytes) {
  return bytes.size() > 8 && bytes[8] == '{' && bytes.substr(5, 3) == std::string_view("\0\0\0", 3);
}

std::vector<StoredArray> read_safetensors(const fs::path& file) {
  const SafetensorsFile source(file);
  std::vector<StoredArray> arrays;
  for (const auto& [name, view] : source.arrays()) {
    if (bytes_at_most(view.shape, element_size(view.type)) < 0)
      throw DataError(file.string() + ": array '" + escaped(name) + "': the shape is too large.");
    arrays.push_back({name, view.type, view.shape, c_strides(view.shape), false, static_cast<const char*>(view.data),
                      source.mapping()});
  }
  return arrays;
}

struct ForeignFormat {
  std::string_view magic;
  const char* sentence;
};
const ForeignFormat kForeignFormats[] = {
    {"PK\x05\x06", "is an empty zip file; it holds no arrays."},
    {"\x1f\x8b", "is compressed by gzip; unpack it first (gunzip)."},
    {"BZh", "is compressed by bzip2; unpack it first (bunzip2)."},
    {"\xFD\x37zXZ", "is compressed by xz; unpack it first (unxz)."},
    {"\x28\xB5\x2F\xFD", "is compressed by zstd; unpack it first (unzstd)."},
    {"\x89HDF", "is an HDF5 file; save the array by numpy.save instead."},
    {"MATLAB 5.0", "is a MATLAB file; save the array by numpy.save instead."},
};

// A NUL or another control character near the beginning: no table of numbers.
bool is_binary(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.begin() + static_cast<int64_t>(std::min<size_t>(bytes.size(), 4096)),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r'; });
}

void check_is_text(std::string_view bytes, const std::string& origin) {
  for (const auto& format : kForeignFormats)
    if (bytes.starts_with(format.magic)) throw DataError(origin + ": " + format.sentence);
  if (is_binary(bytes))
    throw DataError(origin + ": is neither an array file (npy, npz, safetensors, torch.save) nor a table of numbers.");
}

// "text" of the member text.npy.
std::vector<StoredArray> read_npz(const ZipArchive& archive, const std::string& origin) {
  std::vector<StoredArray> arrays;
  for (const auto& member : archive.members()) {
    const auto where = origin + ": member '" + escaped(member.name) + "'";
    if (!member.name.ends_with(kNpy))
      throw DataError(where + " is no NumPy array; a zip file of arrays holds .npy files or is written by torch.save.");
    const auto content = archive.read(member.name);
    auto array = read_npy(content.bytes, where);
    array.keeps_alive = content.keeps_alive;
    array.name = member.name.substr(0, member.name.size() - kNpy.size());
    arrays.push_back(std::move(array));
  }
  return arrays;
}

std::vector<StoredArray> read_zip(const std::shared_ptr<const MappedFile>& mapping, const std::string& origin) {
  const ZipArchive archive(mapping, origin);
  return is_torch_archive(archive) ? read_torch_archive(archive, origin) : read_npz(archive, origin);
}

std::string listed(const std::vector<StoredArray>& arrays) {
  std::vector<std::string> lines;
  for (const auto& array : arrays) {
    if (lines.size() == kMaxListed) {
      lines.push_back("and " + std::to_string(arrays.size() - kMaxListed) + " more");
      break;
    }
    lines.push_back("'" + escaped(array.name) + "' " + array.description());
  }
  return join(lines, ", ");
}

StoredArray named_array(const fs::path& file, const std::string& name) {
  const auto arrays = read_arrays(file);
  const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& array) { return array.name == name; });
  if (found == arrays.end())
    throw DataError(file.string() + ": holds no array '" + escaped(name) + "'. It has: " + listed(arrays) + ".");
  return *found;
}

}  // namespace

std::string StoredArray::description() const {
  return std::string(type_name(type)) + " " + shape_text(shape);
}

std::vector<StoredArray> read_arrays(const fs::path& file) {
  const auto origin = file.string();
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) throw DataError(origin + ": is a folder; a file with arrays is needed.");
  const auto mapping = std::make_shared<const MappedFile>(file);
  const std::string_view bytes(mapping->data(), static_cast<size_t>(mapping->size()));
  if (bytes.empty()) throw DataError(origin + ": is empty.");
  if (is_npy(bytes)) {
    auto array = read_npy(bytes, origin);
    array.keeps_alive = mapping;
    return {array};
  }
  if (is_safetensors(bytes)) return read_safetensors(file);
  if (is_zip(bytes)) return read_zip(mapping, origin);
  if (is_torch_legacy(bytes)) return read_torch_legacy(mapping, origin);
  check_is_text(bytes, origin);
  return {read_csv_array(bytes, origin)};
}

StoredArray read_array(const std::string& file_and_name, size_t dimensions) {
  std::error_code ignored;
  const auto colon = file_and_name.rfind(':');
  if (colon != std::string::npos && !fs::exists(file_and_name, ignored))
    return named_array(file_and_name.substr(0, colon), file_and_name.substr(colon + 1));
  const auto arrays = read_arrays(file_and_name);
  if (arrays.size() == 1) return arrays.front();
  std::vector<StoredArray> fitting;
  std::copy_if(arrays.begin(), arrays.end(), std::back_inserter(fitting),
               [&](const auto& array) { return array.shape.size() == dimensions; });
  if (fitting.size() == 1) return fitting.front();
  if (arrays.empty()) throw DataError(file_and_name + ": holds no array.");
  throw DataError(file_and_name + ": holds " + std::to_string(arrays.size()) + " arrays, " +
                  std::to_string(fitting.size()) + " of them with " + std::to_string(dimensions) +
                  " dimensions; name one behind a colon (" + file_and_name + ":NAME): " + listed(arrays) + ".");
}

}  // namespace tvr
