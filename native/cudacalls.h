// What JavaScript sees of the GPU side of the addon.
#ifndef TSKEOPS_CUDACALLS_H
#define TSKEOPS_CUDACALLS_H

#include <napi.h>

// Adds the functions whose names begin with `cuda`; src/engine/cudaaddon.ts declares them.
void addCuda(Napi::Env, Napi::Object exports);

#endif
