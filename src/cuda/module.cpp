#include <cuda_runtime_api.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tvr/ops/cuda_interface.h"

namespace {

// CUDA packs versions as 1000 * major + 10 * minor.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

nlohmann::json describe_device(int index) {
  cudaDeviceProp device{};
  if (const auto status = cudaGetDeviceProperties(&device, index); status != cudaSuccess)
    return {{"error", cudaGetErrorString(status)}};
  return {{"name", device.name},
          {"memory_bytes", device.totalGlobalMem},
          {"compute_capability", std::to_string(device.major) + "." + std::to_string(device.minor)}};
}

nlohmann::json describe() {
  int driver = 0, runtime = 0, count = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  nlohmann::json result{{"driver", version_text(driver)}, {"runtime", version_text(runtime)}};
  if (const auto status = cudaGetDeviceCount(&count); status != cudaSuccess)
    result["error"] = cudaGetErrorString(status);
  cudaGetLastError();  // the failure must not surface at somebody else's next call
  result["devices"] = nlohmann::json::array();
  for (int index = 0; index < count; ++index) result["devices"].push_back(describe_device(index));
  return result;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int tvr_cuda_module_version() {
  return TVR_CUDA_MODULE_VERSION;
}

__attribute__((visibility("default"))) const char* tvr_cuda_describe() {
  static thread_local std::string text;
  try {
    text = describe().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } catch (...) {  // an exception may not cross a C interface
    text = R"({"error": "out of memory", "devices": []})";
  }
  return text.c_str();
}
}
