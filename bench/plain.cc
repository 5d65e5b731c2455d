// Yardsticks: loops over pairs as KeOps's CPU code is written and compiled: -O3 without -march, points row by row, dims
// known when compiled, C functions of double, and sums of 200 terms.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

// Seconds of the wall, or of the processors per thread.
static bool ofProcessors = false;
static double now(int threads) {
  timespec t;
  clock_gettime(ofProcessors ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (t.tv_sec + 1e-9 * t.tv_nsec) / (ofProcessors ? threads : 1);
}

// ---- formulas: what one pair adds to the `DIM` numbers of its row

template <class T, int D>
static T squaredDistance(const T *x, const T *y) {
  T sum = 0;
  for (int d = 0; d < D; d++) sum += (x[d] - y[d]) * (x[d] - y[d]);
  return sum;
}
template <class T>
static T exponential(T a) { return static_cast<T>(::exp(static_cast<double>(a))); }

template <int POINTS, int WEIGHTS = 1>
struct Gaussian {
  enum { D = POINTS, DV = WEIGHTS, DIM = WEIGHTS };
  template <class T> static void add(T *out, const T *x, const T *y, const T *b, T g) {
    const T k = exponential(-g * squaredDistance<T, D>(x, y));
    for (int v = 0; v < DV; v++) out[v] += k * b[v];
  }
};
struct Laplacian {
  enum { D = 3, DV = 1, DIM = 1 };
  template <class T> static void add(T *out, const T *x, const T *y, const T *b, T g) {
    out[0] += exponential(-g * static_cast<T>(std::sqrt(squaredDistance<T, D>(x, y)))) * b[0];
  }
};
struct Cauchy {
  enum { D = 3, DV = 1, DIM = 1 };
  template <class T> static void add(T *out, const T *x, const T *y, const T *b, T g) {
    out[0] += b[0] / (1 + g * squaredDistance<T, D>(x, y));
  }
};
struct Gradient {
  enum { D = 3, DV = 1, DIM = 3 };
  template <class T> static void add(T *out, const T *x, const T *y, const T *b, T g) {
    const T k = -2 * g * b[0] * exponential(-g * squaredDistance<T, D>(x, y));
    for (int d = 0; d < D; d++) out[d] += k * (x[d] - y[d]);
  }
};

// ---- reductions of one row

template <class Formula, class T>
struct Sum : Formula {
  static void row(const T *x, const T *y, const T *b, T g, long n, T *out) {
    double total[Formula::DIM] = {};
    for (long block = 0; block < n; block += 200) {
      T sum[Formula::DIM] = {};
      for (long j = block; j < n && j < block + 200; j++) Formula::add(sum, x, y + j * Formula::D, b + j * Formula::DV, g);
      for (int k = 0; k < Formula::DIM; k++) total[k] += sum[k];
    }
    out[0] = static_cast<T>(total[0]);
  }
};
template <class T>
struct LogSumExp {
  enum { D = 3, DV = 1 };
  static void row(const T *x, const T *y, const T *, T g, long n, T *out) {
    T largest = -INFINITY, sum = 0;
    for (long j = 0; j < n; j++) {
      const T a = -g * squaredDistance<T, D>(x, y + j * D);
      if (largest > a) sum += exponential(a - largest);
      else {
        sum = 1 + exponential(largest - a) * sum;
        largest = a;
      }
    }
    out[0] = largest + static_cast<T>(std::log(sum));
  }
};
template <class T, int POINTS, int K>
struct Nearest {
  enum { D = POINTS, DV = 1 };
  static void row(const T *x, const T *y, const T *, T, long n, T *out) {
    T value[K];
    long index[K] = {};
    for (int k = 0; k < K; k++) value[k] = INFINITY;
    for (long j = 0; j < n; j++) {
      const T a = squaredDistance<T, D>(x, y + j * D);
      if (!(a < value[K - 1])) continue;
      int k = K - 1;
      for (; k > 0 && a < value[k - 1]; k--) {
        value[k] = value[k - 1];
        index[k] = index[k - 1];
      }
      value[k] = a;
      index[k] = j;
    }
    out[0] = static_cast<T>(index[K - 1]);
  }
};

// ---- timing

template <class Row, class T>
static double seconds(long rows, long n, int threads) {
  std::vector<T> x(Row::D * rows), y(Row::D * n), b(Row::DV * n), out(rows);
  for (auto *array : {&x, &y, &b})
    for (T &value : *array) value = static_cast<T>(std::rand()) / RAND_MAX;
  const double start = now(threads);
  std::vector<std::thread> all;
  for (int k = 0; k < threads; k++)
    all.emplace_back([&, k] {
      for (long i = rows * k / threads; i < rows * (k + 1) / threads; i++)
        Row::row(&x[i * Row::D], y.data(), b.data(), T(50), n, &out[i]);
    });
  for (std::thread &thread : all) thread.join();
  return now(threads) - start;
}

template <class T>
static double secondsOf(const char *name, long rows, long n, int threads) {
  const struct {
    const char *name;
    double (*run)(long, long, int);
  } table[] = {
      {"gaussian3", seconds<Sum<Gaussian<3>, T>, T>},         {"gaussian10", seconds<Sum<Gaussian<10>, T>, T>},
      {"gaussian16", seconds<Sum<Gaussian<16>, T>, T>},       {"gaussian2x2", seconds<Sum<Gaussian<2, 2>, T>, T>},
      {"gaussian100", seconds<Sum<Gaussian<100>, T>, T>},     {"gaussian784", seconds<Sum<Gaussian<784>, T>, T>},
      {"gaussian3x16", seconds<Sum<Gaussian<3, 16>, T>, T>},
      {"gaussian3x32", seconds<Sum<Gaussian<3, 32>, T>, T>},  {"gaussian3x100", seconds<Sum<Gaussian<3, 100>, T>, T>},
      {"laplacian", seconds<Sum<Laplacian, T>, T>},           {"cauchy", seconds<Sum<Cauchy, T>, T>},
      {"gradient", seconds<Sum<Gradient, T>, T>},             {"logsumexp", seconds<LogSumExp<T>, T>},
      {"nearest10of3", seconds<Nearest<T, 3, 10>, T>},        {"nearest10of100", seconds<Nearest<T, 100, 10>, T>},
      {"nearest", seconds<Nearest<T, 2, 1>, T>},
  };
  for (const auto &entry : table)
    if (std::strcmp(entry.name, name) == 0) return entry.run(rows, n, threads);
  std::fprintf(stderr, "plain: no loop is called %s\n", name);
  std::exit(1);
}

// plain NAME ROWS COLUMNS THREADS REPETITIONS CLOCK: seconds in float32 and in float64, the best of the repetitions;
// processor seconds of all.
int main(int, char **arguments) {
  const long rows = std::atol(arguments[2]), columns = std::atol(arguments[3]);
  const int threads = std::atoi(arguments[4]);
  ofProcessors = std::strcmp(arguments[6], "processor") == 0;
  double best[2] = {1e300, 1e300};
  for (int k = 0; k < std::atoi(arguments[5]); k++) {
    best[0] = std::fmin(best[0], secondsOf<float>(arguments[1], rows, columns, threads));
    best[1] = std::fmin(best[1], secondsOf<double>(arguments[1], rows, columns, threads));
  }
  std::printf("[%.6f, %.6f, %.6f]\n", best[0], best[1], double(std::clock()) / CLOCKS_PER_SEC);
}
