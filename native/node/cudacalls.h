// What JavaScript sees of the GPU side of the addon.
#ifndef TSKEOPS_CUDACALLS_H
#define TSKEOPS_CUDACALLS_H

#include <napi.h>

#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>

#include "cuda/cudadevice.h"

// Adds the functions whose names begin with `cuda`; src/engine/cudaaddon.ts declares them.
void addCuda(Napi::Env, Napi::Object exports);
// The same of those on routines, cudaroutinecalls.cc, and on vectors, cudavectorcalls.cc.
void addCudaRoutines(Napi::Env, Napi::Object exports);
void addCudaVectors(Napi::Env, Napi::Object exports);

// A number from 0 to 2^53, and the device of that number.
int64 integerAt(Napi::Value, const char *where);
cuda::Device &deviceAt(Napi::Value);
// A Buffer, ended by a zero, as PTX must be.
std::string imageAt(Napi::Value);

// What was loaded, by number. Nothing leaves it: a running call in any thread may use what is there.
template <class T> class Loaded {
 public:
  Napi::Value add(Napi::Env env, T made) {
    std::lock_guard lock(guard);
    all.push_back(std::move(made));
    return Napi::Number::New(env, static_cast<double>(all.size() - 1));
  }
  const T &at(Napi::Value value, const std::string &where, const char *giver) {
    const int64 number = integerAt(value, where.c_str());
    std::lock_guard lock(guard);
    if (number >= static_cast<int64>(all.size())) throw std::out_of_range(where + ": expected one that " + giver + " gave, got something else");
    return all[number];
  }

 private:
  std::mutex guard;
  std::deque<T> all;
};

#endif
