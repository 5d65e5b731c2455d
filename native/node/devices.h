// What functions for GPUs read of their arguments, and what was loaded on devices.
#ifndef TSKEOPS_DEVICES_H
#define TSKEOPS_DEVICES_H

#include <napi.h>

#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>

#include "cuda/cudadevice.h"
#include "node/values.h"

// The device of a number from 0.
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
    const int64 number = toInteger(value.Env(), value, where.c_str());
    std::lock_guard lock(guard);
    if (number >= static_cast<int64>(all.size())) throw std::out_of_range(where + ": expected one that " + giver + " gave, got something else");
    return all[number];
  }

 private:
  std::mutex guard;
  std::deque<T> all;
};

#endif
