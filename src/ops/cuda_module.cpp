#include "tvr/ops/cuda_module.h"

#include <dlfcn.h>

#include "tvr/ops/cuda_interface.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

std::string last_error() {
  const char* message = dlerror();
  return message ? message : "unknown reason";
}

fs::path executable_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

template <class Function>
Function* find_function(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

CudaModule refused(const fs::path& file, const std::string& reason) {
  return {false, file, reason, ""};
}

CudaModule open_beside_executable() {
  const auto folder = executable_folder();
  const auto file = find_cuda_module({folder, folder / ".." / "lib"});
  if (file.empty())
    return refused(file, "this build has no CUDA module (libtvr_cuda.so); it needs a CUDA toolkit to build");
  // Without a driver nothing is gained by the second it takes to load LibTorch's CUDA part.
  if (!dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL)) return refused(file, "no NVIDIA driver: " + last_error());
  return load_cuda_module(file);
}

}  // namespace

fs::path find_cuda_module(const std::vector<fs::path>& folders) {
  std::error_code error;
  for (const auto& folder : folders)
    if (const auto file = folder / "libtvr_cuda.so"; fs::exists(file, error)) return fs::weakly_canonical(file, error);
  return {};
}

CudaModule load_cuda_module(const fs::path& file) {
  // RTLD_NOW: a library that misses symbols fails here, with a reason, and not in the middle of a computation.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return refused(file, "the CUDA module cannot be loaded: " + last_error());
  auto* const version = find_function<decltype(tvr_cuda_module_version)>(library, "tvr_cuda_module_version");
  auto* const describe = find_function<decltype(tvr_cuda_describe)>(library, "tvr_cuda_describe");
  if (!version || version() != TVR_CUDA_MODULE_VERSION || !describe)
    return refused(file, "the CUDA module is of another version of tvr; build both together");
  return {true, file, "", describe()};
}

const CudaModule& open_cuda_module() {
  static const CudaModule module = open_beside_executable();
  return module;
}

}  // namespace tvr
