// One kernel for each function of maths.h and each of float and double: y[i] = f(x[i]).
#include "maths.h"

#define C(value) static_cast<T>(value)
#define EXP10(x) exp10(x)
#define SINPI(x) sinpi(x)
#define RSQRT(x) rsqrt(x)

#define KERNELS(name, expression, low, high)                                  \
  template <typename T>                                                       \
  __device__ T value_##name(T x) {                                            \
    return expression;                                                        \
  }                                                                           \
  extern "C" __global__ void name##_float(const float* in, float* out) {      \
    const int i = blockIdx.x * blockDim.x + threadIdx.x;                      \
    out[i] = value_##name<float>(in[i]);                                      \
  }                                                                           \
  extern "C" __global__ void name##_double(const double* in, double* out) {   \
    const int i = blockIdx.x * blockDim.x + threadIdx.x;                      \
    out[i] = value_##name<double>(in[i]);                                     \
  }

MATHS(KERNELS)
