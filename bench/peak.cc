// The limit: fused products and sums of the widest vectors, as many as keep both pipelines busy. Compiled with the
// flags of routines. peak THREADS CLOCK: vector instructions per second on all threads together.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX2__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
typedef float Vector __attribute__((vector_size(BYTES)));
enum { CHAINS = 12, STEPS = 20000000 };

// Seconds of the wall, or of the processors per thread.
static bool ofProcessors = false;
static double now(int threads) {
  timespec t;
  clock_gettime(ofProcessors ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (t.tv_sec + 1e-9 * t.tv_nsec) / (ofProcessors ? threads : 1);
}

static void work(float factor, float *sink) {
  Vector sums[CHAINS];
  for (int n = 0; n < CHAINS; n++) sums[n] = Vector{} + static_cast<float>(n);
  for (long step = 0; step < STEPS; step++)
#pragma GCC unroll 12
    for (int n = 0; n < CHAINS; n++) sums[n] = sums[n] * factor + factor;
  for (int n = 0; n < CHAINS; n++) *sink += sums[n][0];
}

int main(int, char **arguments) {
  const int threads = std::atoi(arguments[1]);
  ofProcessors = std::strcmp(arguments[2], "processor") == 0;
  double best = 0;
  for (int repetition = 0; repetition < 3; repetition++) {
    std::vector<float> sinks(64 * threads);
    const double start = now(threads);
    std::vector<std::thread> all;
    for (int k = 0; k < threads; k++) all.emplace_back(work, 0.5f, &sinks[64 * k]);
    for (std::thread &thread : all) thread.join();
    const double rate = double(threads) * CHAINS * STEPS / (now(threads) - start);
    if (rate > best) best = rate;
  }
  std::printf("[%.6e, %.6f]\n", best, double(std::clock()) / CLOCKS_PER_SEC);
}
