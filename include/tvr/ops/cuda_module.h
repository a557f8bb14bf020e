#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace tvr {

/// What became of the CUDA module. The library stays open until the process ends.
struct CudaModule {
  bool loaded = false;
  std::filesystem::path file;  ///< libtvr_cuda.so, empty when none was found
  std::string reason;          ///< why it was not loaded, one sentence; empty when it was
  /// JSON of the module: {"driver": "13.0", "runtime": "13.0", "devices": [{"name", "memory_bytes",
  /// "compute_capability": "9.0"}, …]}, or {"error": "…"} when the driver refuses; empty when it was not loaded.
  std::string description;
};

/// Opens libtvr_cuda.so, which brings LibTorch's CUDA part and our kernels into this process. Call it at start-up,
/// before the first question about CUDA: LibTorch settles at that moment whether it has CUDA. The first call does the
/// work, later ones give the same result. Looks in the executable's folder and in ../lib of it. Prints nothing and
/// never throws; without a module, an NVIDIA driver or LibTorch's CUDA libraries the program goes on as the CPU
/// program, and `tvr doctor` shows the reason. Not run on a GPU yet.
const CudaModule& open_cuda_module();

/// The same for one file and without the look for a driver first. Not run on a GPU yet.
CudaModule load_cuda_module(const std::filesystem::path& file);

/// The first libtvr_cuda.so in `folders`, or an empty path.
std::filesystem::path find_cuda_module(const std::vector<std::filesystem::path>& folders);

}  // namespace tvr
