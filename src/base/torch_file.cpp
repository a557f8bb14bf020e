#include "base/torch_file.h"

#include <algorithm>
#include <map>

#include "base/torch_tensors.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/pickle.h"

namespace tvr {
namespace {

constexpr std::string_view kPickle = "/data.pkl";
constexpr std::string_view kLegacyMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr int64_t kLegacyVersion = 1001;

bool is_pickle_member(const ZipMember& member) {
  return member.name.ends_with(kPickle) && member.name.find('/') == member.name.size() - kPickle.size();
}

// "archive" of "archive/data.pkl".
std::string prefix_of(const ZipArchive& archive, const std::string& origin) {
  const auto& members = archive.members();
  if (std::count_if(members.begin(), members.end(), is_pickle_member) != 1)
    throw DataError(origin + ": has several members 'data.pkl'; torch.save writes one.");
  const auto& name = std::find_if(members.begin(), members.end(), is_pickle_member)->name;
  return name.substr(0, name.size() - kPickle.size());
}

bool is_script(const ZipArchive& archive, const std::string& prefix) {
  const auto is_code = [&](const ZipMember& member) {
    return member.name == prefix + "/constants.pkl" || member.name.starts_with(prefix + "/code/");
  };
  return std::any_of(archive.members().begin(), archive.members().end(), is_code);
}

bool read_byte_order(const ZipArchive& archive, const std::string& prefix, const std::string& origin) {
  const auto member = prefix + "/byteorder";
  if (!archive.has(member)) return false;
  const auto content = archive.read(member);
  if (content.bytes != "little" && content.bytes != "big")
    throw DataError(origin + ": the byte order '" + escaped(content.bytes) + "' is neither little nor big.");
  return content.bytes == "big";
}

void check_size(const TorchStorage& storage, uint64_t bytes, const std::string& origin) {
  if (bytes != static_cast<uint64_t>(storage.count * storage.element_size))
    throw DataError(origin + ": the storage '" + escaped(storage.key) + "' has " + std::to_string(bytes) + " bytes, " +
                    std::to_string(storage.count * storage.element_size) + " are described; the file is damaged.");
}

// The pickles that follow one another at the beginning of an old file.
Pickle take_pickle(std::string_view& bytes, const std::string& origin) {
  auto pickle = read_pickle(bytes, origin);
  bytes.remove_prefix(pickle.size());
  return pickle;
}

void check_legacy_magic(std::string_view& bytes, const std::string& origin) {
  const auto magic = take_pickle(bytes, origin);
  const auto* number = std::get_if<PickleBigInteger>(&magic.root().value);
  if (number == nullptr || number->bytes != kLegacyMagic) {
    check_torch_globals(magic, origin);
    throw DataError(origin + ": is a Python pickle, but none of torch.save; save the array by numpy.save.");
  }
  const auto version = take_pickle(bytes, origin);
  const auto* is_version = std::get_if<int64_t>(&version.root().value);
  if (is_version == nullptr || *is_version != kLegacyVersion)
    throw DataError(origin + ": is written by torch.save in another version than 1001.");
  take_pickle(bytes, origin);  // what machine it was; the numbers are little-endian on all of them
}

using Contents = std::map<std::string, std::string_view>;

// Storages follow in the order of a list of their keys, each with the number of its elements in front.
Contents read_legacy_storages(std::string_view bytes, const std::map<std::string, TorchStorage>& storages,
                              const std::string& origin) {
  Contents contents;
  const auto keys = take_pickle(bytes, origin);
  const auto* list = std::get_if<PickleSequence>(&keys.root().value);
  if (list == nullptr) throw DataError(origin + ": the list of its storages is missing; the file is damaged.");
  for (const PickleRef item : list->items) {
    const auto* key = std::get_if<std::string>(&item->value);
    const auto found = key == nullptr ? storages.end() : storages.find(*key);
    if (found == storages.end() || contents.count(*key) > 0)
      throw DataError(origin + ": lists a storage that no tensor has, or one twice; the file is damaged.");
    const auto& storage = found->second;
    const auto size = static_cast<uint64_t>(storage.count * storage.element_size);
    uint64_t count = 0;
    if (bytes.size() >= 8) std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&count));
    if (bytes.size() < 8 || size > bytes.size() - 8)
      throw DataError(origin + ": is cut short in the storage '" + escaped(*key) + "'.");
    if (count != static_cast<uint64_t>(storage.count))
      throw DataError(origin + ": the storage '" + escaped(*key) + "' has " + std::to_string(count) + " elements, " +
                      std::to_string(storage.count) + " are described; the file is damaged.");
    contents[*key] = bytes.substr(8, size);
    bytes.remove_prefix(8 + size);
  }
  if (!bytes.empty()) throw DataError(origin + ": more bytes follow behind its last storage; the file is damaged.");
  return contents;
}

}  // namespace

bool is_torch_archive(const ZipArchive& archive) {
  return std::any_of(archive.members().begin(), archive.members().end(), is_pickle_member);
}

std::vector<StoredArray> read_torch_archive(const ZipArchive& archive, const std::string& origin) {
  const auto prefix = prefix_of(archive, origin);
  const bool big_endian = read_byte_order(archive, prefix, origin);
  const auto pickle = read_pickle(archive.read(prefix + std::string(kPickle)).bytes, origin);
  check_torch_globals(pickle, origin, is_script(archive, prefix));
  std::map<std::string, ZipContent> contents;  // tensors share storages
  std::vector<StoredArray> arrays;
  for (const auto& tensor : torch_tensors(pickle, origin)) {
    const auto& key = tensor.storage.key;
    if (contents.count(key) == 0) contents[key] = archive.read(prefix + "/data/" + key);
    const auto& content = contents[key];
    check_size(tensor.storage, content.bytes.size(), origin);
    arrays.push_back(stored_array(tensor, content.bytes, big_endian, content.keeps_alive));
  }
  return arrays;
}

bool is_torch_legacy(std::string_view bytes) {
  return bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

std::vector<StoredArray> read_torch_legacy(const std::shared_ptr<const MappedFile>& mapping,
                                           const std::string& origin) {
  std::string_view bytes(mapping->data(), static_cast<size_t>(mapping->size()));
  check_legacy_magic(bytes, origin);
  const auto pickle = take_pickle(bytes, origin);
  check_torch_globals(pickle, origin);
  const auto tensors = torch_tensors(pickle, origin);
  const auto contents = read_legacy_storages(bytes, torch_storages(pickle, origin), origin);
  std::vector<StoredArray> arrays;
  for (const auto& tensor : tensors) {
    const auto content = contents.find(tensor.storage.key);
    if (content == contents.end())
      throw DataError(origin + ": the storage '" + escaped(tensor.storage.key) + "' is missing; the file is damaged.");
    arrays.push_back(stored_array(tensor, content->second, false, mapping));
  }
  return arrays;
}

}  // namespace tvr
