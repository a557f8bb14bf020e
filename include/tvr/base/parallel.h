#pragma once
#include <cstdint>
#include <functional>

namespace tvr {

/// Calls work(0) … work(count-1) on `threads` threads (0: all processors), each index once, in increasing order of
/// start. The first exception stops the hand-out of further indices and is rethrown here after all threads ended.
void parallel_for(int64_t count, int64_t threads, const std::function<void(int64_t)>& work);

/// The number of processors this process may use, at least 1.
int64_t processor_count();

}  // namespace tvr
