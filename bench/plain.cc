// Yardstick: the Gaussian sum as a plain loop over pairs, as KeOps's CPU code is written and compiled: -O3 without
// -march, the C function exp, which is double's, and sums of 200 terms.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

static double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

template <class T>
void rows(long first, long end, long n, const T *x, const T *y, const T *b, T g, T *out) {
  for (long i = first; i < end; i++) {
    double total = 0;
    for (long block = 0; block < n; block += 200) {
      T sum = 0;
      for (long j = block; j < n && j < block + 200; j++) {
        T square = 0;
        for (int d = 0; d < 3; d++) square += (x[3 * i + d] - y[3 * j + d]) * (x[3 * i + d] - y[3 * j + d]);
        sum += static_cast<T>(::exp(static_cast<double>(-g * square))) * b[j];
      }
      total += sum;
    }
    out[i] = static_cast<T>(total);
  }
}

template <class T>
double seconds(long n, int threads) {
  std::vector<T> x(3 * n), b(n), out(n);
  for (T &value : x) value = static_cast<T>(std::rand()) / RAND_MAX;
  for (T &value : b) value = static_cast<T>(std::rand()) / RAND_MAX;
  const double start = now();
  std::vector<std::thread> all;
  for (int k = 0; k < threads; k++)
    all.emplace_back([&, k] { rows<T>(n * k / threads, n * (k + 1) / threads, n, x.data(), x.data(), b.data(), T(50), out.data()); });
  for (std::thread &thread : all) thread.join();
  return now() - start;
}

// plain N THREADS REPETITIONS: seconds in float32 and in float64, the best of the repetitions; processor seconds of all.
int main(int, char **arguments) {
  const long n = std::atol(arguments[1]);
  double best[2] = {1e300, 1e300};
  for (int k = 0; k < std::atoi(arguments[3]); k++) {
    best[0] = std::fmin(best[0], seconds<float>(n, std::atoi(arguments[2])));
    best[1] = std::fmin(best[1], seconds<double>(n, std::atoi(arguments[2])));
  }
  std::printf("[%.6f, %.6f, %.6f]\n", best[0], best[1], double(std::clock()) / CLOCKS_PER_SEC);
}
