#include "tvr/eval/score_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "eval/stored_elements.h"
#include "tvr/base/error.h"
#include "tvr/base/temporary_file.h"

namespace tvr {
namespace {

#ifndef MADV_POPULATE_READ
constexpr int MADV_POPULATE_READ = 22;  // Linux 5.14
#endif

ScoreType score_type(ElementType type) {
  switch (type) {
    case ElementType::kI32:
    case ElementType::kU32:
    case ElementType::kF64:
      return ScoreType::kDouble;
    case ElementType::kI64:
    case ElementType::kU64:
    case ElementType::kF128:
      return ScoreType::kLongDouble;
    default:
      return ScoreType::kFloat;
  }
}

// The bytes that hold these rows: in Fortran order all of them do.
std::pair<const char*, const char*> bytes_of_rows(const StoredArray& array, int64_t begin, int64_t end) {
  const int64_t size = element_size(array.type), rows = array.shape[0], columns = array.shape[1];
  const int64_t extent = ((rows - 1) * array.strides[0] + (columns - 1) * array.strides[1] + 1) * size;
  if (array.strides[0] < array.strides[1]) return {array.data, array.data + extent};
  return {array.data + begin * array.strides[0] * size, array.data + std::min(end * array.strides[0] * size, extent)};
}

// The array lies in a read-only mapping of a file. Pages are fetched a block at a time, which takes half as long as one
// fault after the other, and given back at once: they are read again from the file when they are needed. Both are
// advice: a kernel that does not know the first one reads all the same.
void advise(const char* begin, const char* end, int advice) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const auto last = reinterpret_cast<uintptr_t>(end) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, advice);
}

template <class Element, class Score>
void copy_rows(const StoredArray& array, int64_t begin, int64_t end, Score* out) {
  const int64_t videos = array.shape[1];
  const auto step = array.strides[1] * static_cast<int64_t>(sizeof(Element));
  for (int64_t row = begin; row < end; ++row) {
    const char* place = array.data + row * array.strides[0] * static_cast<int64_t>(sizeof(Element));
    for (int64_t column = 0; column < videos; ++column, place += step)
      *out++ = static_cast<Score>(widened(load_element<Element>(place, array.big_endian)));
  }
}

// Fortran order: down each column, which is how they lie.
template <class Element, class Score>
void copy_columns(const StoredArray& array, int64_t begin, int64_t end, Score* out) {
  const int64_t videos = array.shape[1];
  for (int64_t column = 0; column < videos; ++column) {
    for (int64_t row = begin; row < end; ++row) {
      const char* place =
          array.data + (row * array.strides[0] + column * array.strides[1]) * static_cast<int64_t>(sizeof(Element));
      out[(row - begin) * videos + column] =
          static_cast<Score>(widened(load_element<Element>(place, array.big_endian)));
    }
  }
}

template <class Score>
void read_block(const StoredArray& array, int64_t begin, int64_t end, Score* out) {
  with_element(array.type, [&](auto element) {
    using Element = decltype(element);
    if (array.strides[0] < array.strides[1]) return copy_columns<Element>(array, begin, end, out);
    if constexpr (std::is_same_v<Element, Score>) {
      if (!array.big_endian && array.strides[1] == 1 && array.strides[0] == array.shape[1]) {
        std::memcpy(out, array.data + begin * array.shape[1] * static_cast<int64_t>(sizeof(Score)),
                    static_cast<size_t>((end - begin) * array.shape[1]) * sizeof(Score));
        return;
      }
    }
    copy_rows<Element>(array, begin, end, out);
  });
}

template <class Score>
void read_each(const StoredArray& array, const std::vector<std::pair<int64_t, int64_t>>& pairs, Score* out) {
  with_element(array.type, [&](auto element) {
    using Element = decltype(element);
    for (const auto& [row, column] : pairs)
      *out++ = static_cast<Score>(widened(load_element<Element>(
          array.data + (row * array.strides[0] + column * array.strides[1]) * static_cast<int64_t>(sizeof(Element)),
          array.big_endian)));
  });
}

// A large matrix in Fortran order has a row scattered over all of its pages: it is turned once, through a temporary
// file, instead of for every pass.
StoredArray in_row_order(const StoredArray& array, const std::string& origin) {
  constexpr int64_t kBufferBytes = 64 << 20;
  constexpr int64_t kColumns =
      1024;  // given back together: the kernel maps up to 64 KiB around each page that is touched
  const int64_t size = element_size(array.type), columns = array.shape[1];
  const int64_t rows = std::clamp<int64_t>(kBufferBytes / (columns * size), 1, array.shape[0]);
  TemporaryFile file(origin);
  std::vector<char> block(static_cast<size_t>(rows * columns * size));
  for (int64_t begin = 0; begin < array.shape[0]; begin += rows) {
    const int64_t end = std::min(array.shape[0], begin + rows);
    for (int64_t column = 0; column < columns; ++column) {
      const char* place = array.data + column * array.strides[1] * size;
      for (int64_t row = begin; row < end; ++row)
        std::memcpy(block.data() + ((row - begin) * columns + column) * size, place + row * array.strides[0] * size,
                    static_cast<size_t>(size));
      if (column % kColumns == kColumns - 1)
        advise(place - (kColumns - 1) * array.strides[1] * size, place, MADV_DONTNEED);
    }
    file.append(block.data(), static_cast<size_t>((end - begin) * columns * size));
  }
  auto turned = array;
  auto map = file.map();
  turned.data = map.get();
  turned.keeps_alive = std::move(map);
  turned.strides = {columns, 1};
  return turned;
}

// Calls work(pointer of the score type).
template <class Work>
void with_score(ScoreType type, void* out, const Work& work) {
  if (type == ScoreType::kFloat) return work(static_cast<float*>(out));
  return type == ScoreType::kDouble ? work(static_cast<double*>(out)) : work(static_cast<long double*>(out));
}

}  // namespace

StoredScores::StoredScores(StoredArray array, const std::string& origin)
    : array_(std::move(array)), type_(score_type(array_.type)) {
  if (array_.shape.size() != 2)
    throw DataError(origin + ": holds " + array_.description() +
                    "; a similarity matrix has two dimensions, texts (rows) by videos (columns).");
  if (array_.shape[0] < 1 || array_.shape[1] < 1)
    throw DataError(origin + ": holds " + array_.description() + "; at least one text and one video are needed.");
}

void StoredScores::read_rows(int64_t begin, int64_t end, void* out) const {
  const auto [first, last] = bytes_of_rows(array_, begin, end);
  if (array_.strides[0] >= array_.strides[1]) advise(first, last, MADV_POPULATE_READ);
  with_score(type_, out, [&](auto* scores) { read_block(array_, begin, end, scores); });
  advise(first, last, MADV_DONTNEED);
}

void StoredScores::read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const {
  with_score(type_, out, [&](auto* scores) { read_each(array_, pairs, scores); });
}

std::unique_ptr<ScoreMatrix> open_scores(const std::string& file_and_name) {
  auto array = read_array(file_and_name, 2);
  constexpr int64_t kSmall = 64 << 20;
  if (array.shape.size() == 2 && array.strides[0] < array.strides[1] &&
      array.shape[0] * array.shape[1] * element_size(array.type) > kSmall)
    array = in_row_order(array, file_and_name);
  return std::make_unique<StoredScores>(std::move(array), file_and_name);
}

}  // namespace tvr
