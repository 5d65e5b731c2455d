// The driver's calls as this stand-in exports them: own types, no header of NVIDIA's needed. `abi.cc` holds this list
// against cuda.h where there is one; the names are those of the oldest supported driver.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cudasim {

using Result = int;            // CUresult
using DevicePtr = uint64_t;    // CUdeviceptr
using DeviceId = int;          // CUdevice
struct Context;                // CUcontext, CUmodule, CUfunction, CUstream, CUevent point to these
struct LoadedModule;
struct Kernel;
struct Stream;
struct Event;

// name, the typedef for it in cudaTypedefs.h, parameters
#define CUDASIM_CALLS(X) \
  X(cuInit, PFN_cuInit_v2000, (unsigned flags)) \
  X(cuDriverGetVersion, PFN_cuDriverGetVersion_v2020, (int* version)) \
  X(cuDeviceGetCount, PFN_cuDeviceGetCount_v2000, (int* count)) \
  X(cuDeviceGet, PFN_cuDeviceGet_v2000, (DeviceId* device, int ordinal)) \
  X(cuDeviceGetName, PFN_cuDeviceGetName_v2000, (char* name, int length, DeviceId device)) \
  X(cuDeviceGetAttribute, PFN_cuDeviceGetAttribute_v2000, (int* value, int attribute, DeviceId device)) \
  X(cuDeviceTotalMem_v2, PFN_cuDeviceTotalMem_v3020, (size_t* bytes, DeviceId device)) \
  X(cuDevicePrimaryCtxRetain, PFN_cuDevicePrimaryCtxRetain_v7000, (Context** context, DeviceId device)) \
  X(cuDevicePrimaryCtxRelease_v2, PFN_cuDevicePrimaryCtxRelease_v11000, (DeviceId device)) \
  X(cuCtxSetCurrent, PFN_cuCtxSetCurrent_v4000, (Context* context)) \
  X(cuCtxGetCurrent, PFN_cuCtxGetCurrent_v4000, (Context** context)) \
  X(cuCtxSynchronize, PFN_cuCtxSynchronize_v2000, ()) \
  X(cuModuleLoadDataEx, PFN_cuModuleLoadDataEx_v2010, (LoadedModule** module, const void* image, unsigned count, int* options, void** values)) \
  X(cuModuleUnload, PFN_cuModuleUnload_v2000, (LoadedModule* module)) \
  X(cuModuleGetFunction, PFN_cuModuleGetFunction_v2000, (Kernel** kernel, LoadedModule* module, const char* name)) \
  X(cuModuleGetGlobal_v2, PFN_cuModuleGetGlobal_v3020, (DevicePtr* address, size_t* bytes, LoadedModule* module, const char* name)) \
  X(cuFuncGetAttribute, PFN_cuFuncGetAttribute_v2020, (int* value, int attribute, Kernel* kernel)) \
  X(cuFuncSetAttribute, PFN_cuFuncSetAttribute_v9000, (Kernel* kernel, int attribute, int value)) \
  X(cuLaunchKernel, PFN_cuLaunchKernel_v4000, \
    (Kernel* kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ, \
     unsigned sharedBytes, Stream* stream, void** parameters, void** extra)) \
  X(cuOccupancyMaxActiveBlocksPerMultiprocessor, PFN_cuOccupancyMaxActiveBlocksPerMultiprocessor_v6050, (int* blocks, Kernel* kernel, int blockSize, size_t sharedBytes)) \
  X(cuMemAlloc_v2, PFN_cuMemAlloc_v3020, (DevicePtr* address, size_t bytes)) \
  X(cuMemFree_v2, PFN_cuMemFree_v3020, (DevicePtr address)) \
  X(cuMemGetInfo_v2, PFN_cuMemGetInfo_v3020, (size_t* free, size_t* total)) \
  X(cuMemHostAlloc, PFN_cuMemHostAlloc_v2020, (void** address, size_t bytes, unsigned flags)) \
  X(cuMemFreeHost, PFN_cuMemFreeHost_v2000, (void* address)) \
  X(cuMemcpyHtoD_v2, PFN_cuMemcpyHtoD_v3020, (DevicePtr to, const void* from, size_t bytes)) \
  X(cuMemcpyDtoH_v2, PFN_cuMemcpyDtoH_v3020, (void* to, DevicePtr from, size_t bytes)) \
  X(cuMemcpyHtoDAsync_v2, PFN_cuMemcpyHtoDAsync_v3020, (DevicePtr to, const void* from, size_t bytes, Stream* stream)) \
  X(cuMemcpyDtoHAsync_v2, PFN_cuMemcpyDtoHAsync_v3020, (void* to, DevicePtr from, size_t bytes, Stream* stream)) \
  X(cuMemcpyDtoDAsync_v2, PFN_cuMemcpyDtoDAsync_v3020, (DevicePtr to, DevicePtr from, size_t bytes, Stream* stream)) \
  X(cuMemsetD8Async, PFN_cuMemsetD8Async_v3020, (DevicePtr to, unsigned char value, size_t count, Stream* stream)) \
  X(cuMemsetD32Async, PFN_cuMemsetD32Async_v3020, (DevicePtr to, unsigned value, size_t count, Stream* stream)) \
  X(cuStreamCreate, PFN_cuStreamCreate_v2000, (Stream** stream, unsigned flags)) \
  X(cuStreamDestroy_v2, PFN_cuStreamDestroy_v4000, (Stream* stream)) \
  X(cuStreamSynchronize, PFN_cuStreamSynchronize_v2000, (Stream* stream)) \
  X(cuStreamQuery, PFN_cuStreamQuery_v2000, (Stream* stream)) \
  X(cuStreamWaitEvent, PFN_cuStreamWaitEvent_v3020, (Stream* stream, Event* event, unsigned flags)) \
  X(cuEventCreate, PFN_cuEventCreate_v2000, (Event** event, unsigned flags)) \
  X(cuEventDestroy_v2, PFN_cuEventDestroy_v4000, (Event* event)) \
  X(cuEventRecord, PFN_cuEventRecord_v2000, (Event* event, Stream* stream)) \
  X(cuEventQuery, PFN_cuEventQuery_v2000, (Event* event)) \
  X(cuEventSynchronize, PFN_cuEventSynchronize_v2000, (Event* event)) \
  X(cuEventElapsedTime, PFN_cuEventElapsedTime_v2000, (float* milliseconds, Event* from, Event* to)) \
  X(cuGetErrorName, PFN_cuGetErrorName_v6000, (Result result, const char** name)) \
  X(cuGetErrorString, PFN_cuGetErrorString_v6000, (Result result, const char** text))

#ifndef CUDASIM_TYPES_ONLY  // beside cuda.h, which declares the same names with its own types
#define CUDASIM_DECLARE(name, typedefName, parameters) extern "C" __attribute__((visibility("default"))) Result name parameters;
CUDASIM_CALLS(CUDASIM_DECLARE)
#undef CUDASIM_DECLARE
#endif

}  // namespace cudasim
