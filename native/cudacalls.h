// What JavaScript sees of the GPU side of the addon.
#ifndef TSKEOPS_CUDACALLS_H
#define TSKEOPS_CUDACALLS_H

#include <napi.h>

#include "cudadevice.h"

// Adds the functions whose names begin with `cuda`; src/engine/cudaaddon.ts declares them.
void addCuda(Napi::Env, Napi::Object exports);
// The same of those on routines, cudaroutinecalls.cc, and on vectors, cudavectorcalls.cc.
void addCudaRoutines(Napi::Env, Napi::Object exports);
void addCudaVectors(Napi::Env, Napi::Object exports);

// A number from 0 to 2^53, and the device of that number.
int64 integerAt(Napi::Value, const char *where);
cuda::Device &deviceAt(Napi::Value);

#endif
