#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/names.h"

// The format: https://github.com/huggingface/safetensors#format. No C++ library of it is packaged for Debian.
namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr int64_t kMaxHeader = 100'000'000;  // the reference reader's limit
constexpr size_t kMaxDepth = 3;              // the header, an array, its shape
constexpr size_t kMaxValues = 20'000'000;
constexpr size_t kMaxDimensions = 64;  // PyTorch's own limit
constexpr size_t kMaxQuote = 200;

std::string in_quotes(const std::string& name) {
  return '"' + escaped(name, kMaxQuote) + '"';
}

struct NamedType {
  ElementType type;
  std::string name;
  int64_t size;
};
const std::vector<NamedType>& named_types() {
  static const std::vector<NamedType> types{
      {ElementType::kBool, "BOOL", 1}, {ElementType::kU8, "U8", 1},     {ElementType::kI8, "I8", 1},
      {ElementType::kI16, "I16", 2},   {ElementType::kU16, "U16", 2},   {ElementType::kI32, "I32", 4},
      {ElementType::kU32, "U32", 4},   {ElementType::kI64, "I64", 8},   {ElementType::kU64, "U64", 8},
      {ElementType::kF16, "F16", 2},   {ElementType::kBF16, "BF16", 2}, {ElementType::kF32, "F32", 4},
      {ElementType::kF64, "F64", 8},   {ElementType::kF128, "F128", 16}};
  return types;
}
const NamedType& named_type(ElementType type) {
  return *std::find_if(named_types().begin(), named_types().end(), [&](const NamedType& t) { return t.type == type; });
}

json parse_header(const std::string& text, const std::string& file) {
  if (!text.starts_with('{')) throw DataError(file + ": is not a safetensors file: its header is not a JSON object.");
  return parse_json(text, file + ": the header ", {kMaxDepth, kMaxValues});
}

std::vector<uint64_t> read_numbers(const json& entry, const char* key, const std::string& where) {
  if (!entry.is_object() || !entry.contains(key) || !entry[key].is_array())
    throw DataError(where + ": '" + key + "' is missing or not a list.");
  std::vector<uint64_t> numbers;
  for (const auto& value : entry[key]) {
    if (!value.is_number_unsigned())
      throw DataError(where + ": '" + key + "' holds something that is not a whole number.");
    numbers.push_back(value.get<uint64_t>());
  }
  return numbers;
}

struct Entry {
  std::string name;
  ArrayView view;
  uint64_t begin = 0, end = 0;
};

Entry read_entry(const std::string& name, const json& value, const std::string& file) {
  const auto where = file + ": array " + in_quotes(name);
  if (!value.is_object() || !value.contains("dtype") || !value["dtype"].is_string())
    throw DataError(where + ": 'dtype' is missing.");
  const auto dtype = value["dtype"].get<std::string>();
  const auto type =
      std::find_if(named_types().begin(), named_types().end(), [&](const NamedType& t) { return t.name == dtype; });
  if (type == named_types().end() || type->type == ElementType::kF128)
    throw DataError(where + ": element type " + in_quotes(dtype) + " is not supported.");
  Entry entry{name, {type->type, {}, nullptr}};
  int64_t bytes = type->size;
  const auto shape = read_numbers(value, "shape", where);
  if (shape.size() > kMaxDimensions)
    throw DataError(where + ": has " + std::to_string(shape.size()) + " dimensions; 64 are the most.");
  for (const uint64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) throw DataError(where + ": the shape is too large.");
    entry.view.shape.push_back(static_cast<int64_t>(extent));
  }
  const auto offsets = read_numbers(value, "data_offsets", where);
  if (offsets.size() != 2 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != static_cast<uint64_t>(bytes))
    throw DataError(where + ": 'data_offsets' do not fit shape and element type.");
  entry.begin = offsets[0];
  entry.end = offsets[1];
  return entry;
}

// Names of arrays may be ids of videos, and those file names; the format wants UTF-8.
std::string dump(const json& header, const fs::path& file) {
  try {
    return header.dump();
  } catch (const json::type_error&) {
    throw DataError(file.string() + ": a name or id to be stored is not valid UTF-8; rename it.");
  }
}

}  // namespace

int64_t element_size(ElementType type) {
  return named_type(type).size;
}
const std::string& element_name(ElementType type) {
  return named_type(type).name;
}

int64_t ArrayView::bytes() const {
  int64_t count = element_size(type);
  for (const int64_t extent : shape) count *= extent;
  return count;
}

SafetensorsFile::SafetensorsFile(const fs::path& file) : file_(file), mapping_(std::make_shared<MappedFile>(file)) {
  const auto name = file.string();
  const auto size = static_cast<uint64_t>(mapping_->size());
  uint64_t header_size = 0;
  if (size >= 8) std::memcpy(&header_size, mapping_->data(), 8);
  if (size < 8 || header_size > kMaxHeader || header_size > size - 8)
    throw DataError(name + ": is not a safetensors file, or is cut short.");
  const auto header = parse_header(std::string(mapping_->data() + 8, header_size), name);
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") {
      entries.push_back(read_entry(key, value, name));
      continue;
    }
    if (!value.is_object()) throw DataError(name + ": the metadata is not a JSON object of strings.");
    for (const auto& [field, text] : value.items()) {
      if (!text.is_string()) throw DataError(name + ": metadata " + in_quotes(field) + " is not a string.");
      metadata_[field] = text.get<std::string>();
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t position = 0;
  for (auto& entry : entries) {
    if (entry.begin != position)
      throw DataError(name + ": array " + in_quotes(entry.name) + " overlaps another or leaves a hole.");
    position = entry.end;
    entry.view.data = mapping_->data() + 8 + header_size + entry.begin;
    arrays_[entry.name] = entry.view;
  }
  if (position != size - 8 - header_size)
    throw DataError(name + ": holds " + std::to_string(size - 8 - header_size) +
                    " bytes of data, its header describes " + std::to_string(position) + ".");
}

const ArrayView& SafetensorsFile::at(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found != arrays_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, view] : arrays_) known.push_back(key);
  const auto nearest = nearest_name(name, known);
  throw DataError(file_.string() + ": holds no array '" + name + "'" +
                  (nearest.empty() ? "." : "; did you mean " + in_quotes(nearest) + "?"));
}

void write_safetensors(const fs::path& file, const std::vector<std::pair<std::string, ArrayView>>& arrays,
                       const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t position = 0;
  for (const auto& [name, view] : arrays) {
    if (name == "__metadata__")
      throw DataError(file.string() + ": the format keeps the name __metadata__ for itself; rename that array.");
    if (header.contains(name)) throw std::logic_error("two arrays of the name '" + name + "' for " + file.string());
    if (view.type == ElementType::kF128) throw std::logic_error("safetensors has no long double");
    header[name] = {{"dtype", element_name(view.type)},
                    {"shape", view.shape},
                    {"data_offsets", {position, position + view.bytes()}}};
    position += view.bytes();
  }
  auto text = dump(header, file);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t size = text.size();
  write_file_with(file, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(&size), 8);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    for (const auto& [name, view] : arrays) stream.write(static_cast<const char*>(view.data), view.bytes());
    stream.close();
    if (!stream) throw DataError(file.string() + ": cannot be written; is the disk full?");
  });
}

}  // namespace tvr
