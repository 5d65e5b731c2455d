// The functions of dense.h for JavaScript: see Dense in src/engine/native.ts. They throw C++ exceptions, as values.h does.
#ifndef TSKEOPS_DENSECALLS_H
#define TSKEOPS_DENSECALLS_H

#include <napi.h>

Napi::Value denseSubtractProduct(const Napi::CallbackInfo &);
Napi::Value denseAddGram(const Napi::CallbackInfo &);
Napi::Value denseCholesky(const Napi::CallbackInfo &);
Napi::Value denseCholeskySolve(const Napi::CallbackInfo &);

#endif
