// Kernels as the product has them: a Gaussian sum over tiles, in right form and with each fault planted that the simulator must catch;
// and kernels for what such sums need besides.
#define TILE 128

// out_i = sum_j exp(-|x_i - y_j|^2) b_j, with tiles of y and b in shared memory. The planted faults are compile-time choices.
enum Fault { NONE, NO_FIRST_BARRIER, NO_SECOND_BARRIER, SHARED_OVERRUN, GLOBAL_OVERRUN, EARLY_LEAVE };

template <Fault FAULT>
__device__ void gaussianSum(int rows, int columns, const float* x, const float* y, const float* b, float* out) {
  __shared__ float4 tile[TILE];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (FAULT == EARLY_LEAVE && i >= rows) return;
  const int row = i < rows ? i : rows - 1;
  const float x0 = x[3 * row], x1 = x[3 * row + 1], x2 = x[3 * row + 2];
  float sum = 0;
  for (int start = 0; start < columns; start += TILE) {
    const int j = start + threadIdx.x;
    const bool inside = FAULT == GLOBAL_OVERRUN || j < columns;
    tile[threadIdx.x + (FAULT == SHARED_OVERRUN ? 1 : 0)] =
        inside ? make_float4(y[3 * j], y[3 * j + 1], y[3 * j + 2], b[j]) : make_float4(0, 0, 0, 0);
    if (FAULT != NO_FIRST_BARRIER) __syncthreads();
#pragma unroll 8
    for (int k = 0; k < TILE; k++) {
      const float4 p = tile[k];
      const float d0 = x0 - p.x, d1 = x1 - p.y, d2 = x2 - p.z;
      sum += expf(-(d0 * d0 + d1 * d1 + d2 * d2)) * p.w;
    }
    if (FAULT != NO_SECOND_BARRIER) __syncthreads();
  }
  if (i < rows) out[i] = sum;
}

#define GAUSSIAN(name, FAULT)                                                                                                   \
  extern "C" __global__ void name(int rows, int columns, const float* x, const float* y, const float* b, float* out) {          \
    gaussianSum<FAULT>(rows, columns, x, y, b, out);                                                                            \
  }
GAUSSIAN(gaussian, NONE)
GAUSSIAN(no_first_barrier, NO_FIRST_BARRIER)
GAUSSIAN(no_second_barrier, NO_SECOND_BARRIER)
GAUSSIAN(shared_overrun, SHARED_OVERRUN)
GAUSSIAN(global_overrun, GLOBAL_OVERRUN)
GAUSSIAN(early_leave, EARLY_LEAVE)

// The form to which the product's kernels come down: folded constants, ex2.approx, padded tiles, two rows per thread.
extern "C" __global__ void gaussian_fast(int rows, int columns, const float* x, const float4* points, float* out) {
  __shared__ float4 tile[TILE];
  const int i = 2 * (blockIdx.x * blockDim.x) + threadIdx.x;
  float c[2][3], sum[2] = {0, 0};
  for (int r = 0; r < 2; r++)
    for (int d = 0; d < 3; d++) c[r][d] = x[3 * min(i + r * (int)blockDim.x, rows - 1) + d];
  for (int start = 0; start < columns; start += TILE) {
    const int j = start + threadIdx.x;
    __syncthreads();
    tile[threadIdx.x] = j < columns ? points[j] : make_float4(0, 0, 0, 0);
    __syncthreads();
#pragma unroll 8
    for (int k = 0; k < TILE; k++) {
      const float4 p = tile[k];
      for (int r = 0; r < 2; r++) {
        const float d0 = c[r][0] - p.x, d1 = c[r][1] - p.y, d2 = c[r][2] - p.z;
        float e;
        asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(-(d0 * d0 + d1 * d1 + d2 * d2)));
        sum[r] = fmaf(e, p.w, sum[r]);
      }
    }
  }
  for (int r = 0; r < 2; r++)
    if (i + r * (int)blockDim.x < rows) out[i + r * blockDim.x] = sum[r];
}

extern "C" __global__ void copy_vectors(const float4* in, float4* out) { out[threadIdx.x] = in[threadIdx.x]; }

extern "C" __global__ void misaligned_vectors(const float* in, float4* out) {
  out[threadIdx.x] = *reinterpret_cast<const float4*>(in + 4 * threadIdx.x + 1);
}

extern "C" __global__ void add_one(float* x) { x[threadIdx.x] += 1; }

extern "C" __global__ void set_one(float* x) { x[threadIdx.x] = 1; }

extern "C" __global__ void uninitialised_shared(float* out) {
  __shared__ float values[64];
  if (threadIdx.x != 7) values[threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
}

extern "C" __global__ void write_write_race(int* out) {
  __shared__ int last;
  last = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = last;
}

extern "C" __global__ void divergent_barriers(float* out) {
  if (threadIdx.x < 32) {
    __syncthreads();
    out[threadIdx.x] = 1;
  } else {
    out[threadIdx.x] = 2;
    __syncthreads();
    out[threadIdx.x] = 3;
  }
}

extern "C" __global__ void absent_shuffle(int* out) {
  int value = threadIdx.x;
  if (threadIdx.x != 3) value = __shfl_xor_sync(0xffffffffu, value, 1);
  out[threadIdx.x] = value;
}

// What follows is right, and must be found right.

// Within a warp the warp's own barrier orders shared memory.
extern "C" __global__ void warp_ordered(int* out) {
  __shared__ int values[128];
  values[threadIdx.x] = threadIdx.x;
  __syncwarp();
  const int other = values[threadIdx.x ^ 1];
  __syncwarp();
  values[threadIdx.x] = other + 1;
  __syncwarp();
  out[threadIdx.x] = values[threadIdx.x ^ 31];
}

// Dynamic shared memory, shuffles, atomics: a dot product in the usual way.
extern "C" __global__ void dot(int n, const double* a, const double* b, double* out) {
  extern __shared__ double partial[];
  double sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += a[i] * b[i];
  for (int by = 16; by > 0; by /= 2) sum += __shfl_down_sync(0xffffffffu, sum, by);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < blockDim.x / 32; w++) sum += partial[w];
    atomicAdd(out, sum);
  }
}

// The last block finishes the work of all: counters and fences.
__device__ unsigned finished = 0;
extern "C" __global__ void last_block(int* partial, int* out) {
  __shared__ bool isLast;
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = blockIdx.x + 1;
    __threadfence();
    isLast = atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (isLast && threadIdx.x == 0) {
    int sum = 0;
    for (int k = 0; k < gridDim.x; k++) sum += reinterpret_cast<volatile int*>(partial)[k];
    *out = sum;
  }
}

extern "C" __global__ void integer_atomics(int* places) {
  __shared__ int shared[2];
  if (threadIdx.x < 2) shared[threadIdx.x] = 0;
  __syncthreads();
  const int t = threadIdx.x;
  atomicAdd(&places[0], t);
  atomicMin(&places[1], -t);
  atomicMax(&places[2], t);
  atomicOr(&places[3], 1 << t % 32);
  atomicAnd(&places[4], ~(1 << t % 32));
  atomicXor(&places[5], t);
  if (t == 5) atomicExch(&places[6], 77);
  for (int old = places[7], seen; (seen = atomicCAS(&places[7], old, old + 1)) != old;) old = seen;
  atomicAdd(&shared[0], 1);
  atomicMax(&shared[1], t);
  __syncthreads();
  if (t < 2) places[8 + t] = shared[t];
}

// Threads take different ways and meet again; calls, loops of different length, a table of targets.
__noinline__ __device__ int collatz(int n) {
  int steps = 0;
  for (; n != 1; steps++) n = n % 2 ? 3 * n + 1 : n / 2;
  return steps;
}

extern "C" __global__ void divergence(int* out) {
  const int t = threadIdx.x;
  int value = 0;
  switch (t % 7) {
    case 0: value = collatz(t + 1); break;
    case 1: value = t * t; break;
    case 2: value = -t; break;
    case 3: value = collatz(2 * t + 1); break;
    case 4: value = t << 3; break;
    case 5: value = __popc(t) + __clz(t) + __brev(t) % 7; break;
    default: value = t % 3 == 0 ? 1 : 2;
  }
  out[t] = value + __syncthreads_count(t % 2 == 0) + 1000 * __syncthreads_or(t == 77);
}

extern "C" __global__ void votes(unsigned* out) {
  const int t = threadIdx.x;
  out[t] = __ballot_sync(0xffffffffu, t % 3 == 0) + __any_sync(0xffffffffu, t == 40) + 2 * __all_sync(0xffffffffu, t < 64);
}

// Parameters by value, indexed at run time, and a constant table.
struct Sizes {
  int length[5];
  double scale;
};
__constant__ int table[4] = {10, 20, 30, 40};
extern "C" __global__ void parameters(Sizes sizes, char offset, double* out) {
  out[threadIdx.x] = sizes.length[threadIdx.x % 5] * sizes.scale + offset + table[threadIdx.x % 4];
}

// Wide integers, and the exact bits of conversions.
extern "C" __global__ void wide_integers(const long long* in, long long* out) {
  const long long a = in[2 * threadIdx.x], b = in[2 * threadIdx.x + 1];
  long long* o = out + 8 * threadIdx.x;
  o[0] = a * b;
  o[1] = __mul64hi(a, b);
  o[2] = b ? a / b : 0;
  o[3] = b ? a % b : 0;
  o[4] = (unsigned long long)a >> (b & 63);
  o[5] = a >> (b & 63);
  o[6] = (long long)(double)a + (int)(float)b;
  o[7] = __double_as_longlong((double)(unsigned long long)b);
}
