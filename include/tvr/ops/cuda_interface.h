#pragma once

// The C interface of libtvr_cuda.so, found by name after dlopen. Whoever changes a signature raises the version: a
// program refuses a module of another version instead of calling it wrongly.
#define TVR_CUDA_MODULE_VERSION 1

extern "C" {

/// TVR_CUDA_MODULE_VERSION of the module.
int tvr_cuda_module_version();

/// Driver, runtime and devices as JSON (see CudaModule::description), valid until the next call in this thread.
/// Not run on a GPU yet.
const char* tvr_cuda_describe();
}
