// The CUDA driver as the addon uses it: types of our own, so that no header of NVIDIA is needed to build, and a table
// of functions that is filled when the library is opened at run time. The names are those of the oldest drivers; newer
// headers hide other versions behind the same words. test/cuda/abi.cc holds every line against NVIDIA's own
// declarations, which the second column names.
#ifndef TSKEOPS_CUDADRIVER_H
#define TSKEOPS_CUDADRIVER_H

#include <cstddef>
#include <string>

namespace cuda {

using Result = int;
using DeviceNumber = int;
using Address = unsigned long long;  // in the memory of a device
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;

enum : Result { SUCCESS = 0, OUT_OF_MEMORY = 2 };

enum Attribute : int {
  CLOCK_KILOHERTZ = 13,
  MULTIPROCESSORS = 16,
  CAPABILITY_MAJOR = 75,
  CAPABILITY_MINOR = 76,
};

enum : unsigned { STREAM_NON_BLOCKING = 1, EVENT_DISABLE_TIMING = 2 };

// name, NVIDIA's type of it, arguments
#define TSKEOPS_CUDA_FUNCTIONS(X) \
  X(cuInit, PFN_cuInit_v2000, (unsigned)) \
  X(cuGetErrorName, PFN_cuGetErrorName_v6000, (Result, const char **)) \
  X(cuGetErrorString, PFN_cuGetErrorString_v6000, (Result, const char **)) \
  X(cuDeviceGetCount, PFN_cuDeviceGetCount_v2000, (int *)) \
  X(cuDeviceGet, PFN_cuDeviceGet_v2000, (DeviceNumber *, int)) \
  X(cuDeviceGetName, PFN_cuDeviceGetName_v2000, (char *, int, DeviceNumber)) \
  X(cuDeviceGetAttribute, PFN_cuDeviceGetAttribute_v2000, (int *, Attribute, DeviceNumber)) \
  X(cuDeviceTotalMem_v2, PFN_cuDeviceTotalMem_v3020, (std::size_t *, DeviceNumber)) \
  X(cuDevicePrimaryCtxRetain, PFN_cuDevicePrimaryCtxRetain_v7000, (Context *, DeviceNumber)) \
  X(cuDevicePrimaryCtxRelease_v2, PFN_cuDevicePrimaryCtxRelease_v11000, (DeviceNumber)) \
  X(cuCtxSetCurrent, PFN_cuCtxSetCurrent_v4000, (Context)) \
  X(cuModuleLoadDataEx, PFN_cuModuleLoadDataEx_v2010, (Module *, const void *, unsigned, int *, void **)) \
  X(cuModuleUnload, PFN_cuModuleUnload_v2000, (Module)) \
  X(cuModuleGetFunction, PFN_cuModuleGetFunction_v2000, (Function *, Module, const char *)) \
  X(cuModuleGetGlobal_v2, PFN_cuModuleGetGlobal_v3020, (Address *, std::size_t *, Module, const char *)) \
  X(cuLaunchKernel, PFN_cuLaunchKernel_v4000, \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream, void **, void **)) \
  X(cuMemAlloc_v2, PFN_cuMemAlloc_v3020, (Address *, std::size_t)) \
  X(cuMemFree_v2, PFN_cuMemFree_v3020, (Address)) \
  X(cuMemGetInfo_v2, PFN_cuMemGetInfo_v3020, (std::size_t *, std::size_t *)) \
  X(cuMemHostAlloc, PFN_cuMemHostAlloc_v2020, (void **, std::size_t, unsigned)) \
  X(cuMemFreeHost, PFN_cuMemFreeHost_v2000, (void *)) \
  X(cuMemcpyHtoDAsync_v2, PFN_cuMemcpyHtoDAsync_v3020, (Address, const void *, std::size_t, Stream)) \
  X(cuMemcpyDtoHAsync_v2, PFN_cuMemcpyDtoHAsync_v3020, (void *, Address, std::size_t, Stream)) \
  X(cuMemcpyDtoDAsync_v2, PFN_cuMemcpyDtoDAsync_v3020, (Address, Address, std::size_t, Stream)) \
  X(cuStreamCreate, PFN_cuStreamCreate_v2000, (Stream *, unsigned)) \
  X(cuStreamDestroy_v2, PFN_cuStreamDestroy_v4000, (Stream)) \
  X(cuStreamSynchronize, PFN_cuStreamSynchronize_v2000, (Stream)) \
  X(cuEventCreate, PFN_cuEventCreate_v2000, (Event *, unsigned)) \
  X(cuEventDestroy_v2, PFN_cuEventDestroy_v4000, (Event)) \
  X(cuEventRecord, PFN_cuEventRecord_v2000, (Event, Stream)) \
  X(cuEventQuery, PFN_cuEventQuery_v2000, (Event)) \
  X(cuEventSynchronize, PFN_cuEventSynchronize_v2000, (Event))

struct Driver {
#define TSKEOPS_CUDA_MEMBER(name, nvidia, arguments) Result(*name) arguments = nullptr;
  TSKEOPS_CUDA_FUNCTIONS(TSKEOPS_CUDA_MEMBER)
#undef TSKEOPS_CUDA_MEMBER
};

// The driver, opened once per process, or null; `whyNoDriver` then says why in one sentence.
const Driver *driver();
const std::string &whyNoDriver();
// Counted when the driver is opened.
int deviceCount();
// "CUDA_ERROR_OUT_OF_MEMORY: out of memory"
std::string describe(Result);

// NVRTC, NVIDIA's compiler as a library: its handle of a program.
using Program = struct ProgramHandle *;

#define TSKEOPS_NVRTC_FUNCTIONS(X) \
  X(nvrtcVersion, (int *, int *)) \
  X(nvrtcGetNumSupportedArchs, (int *)) \
  X(nvrtcGetSupportedArchs, (int *)) \
  X(nvrtcCreateProgram, (Program *, const char *, const char *, int, const char *const *, const char *const *)) \
  X(nvrtcDestroyProgram, (Program *)) \
  X(nvrtcCompileProgram, (Program, int, const char *const *)) \
  X(nvrtcGetProgramLogSize, (Program, std::size_t *)) \
  X(nvrtcGetProgramLog, (Program, char *)) \
  X(nvrtcGetPTXSize, (Program, std::size_t *)) \
  X(nvrtcGetPTX, (Program, char *)) \
  X(nvrtcGetCUBINSize, (Program, std::size_t *)) \
  X(nvrtcGetCUBIN, (Program, char *))

}  // namespace cuda

#endif
