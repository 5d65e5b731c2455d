// faults KERNELS.ptx CASE: one planted fault, or one right program that must be found right. Ends with 0 if the
// simulator says what the case expects; what a case expects in the log is read by the test that starts it.
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <thread>

#include "program.h"

namespace {

std::string ptx;

void expect(Result got, const char* name) {
  if (nameOf(got) != name) stop(std::string("expected ") + name + ", got " + nameOf(got));
}

template <typename T>
void expectValues(const std::vector<T>& got, const std::function<double(int)>& expected, double tolerance = 0) {
  for (size_t k = 0; k < got.size(); k++) {
    const double want = expected(static_cast<int>(k));
    if (!(std::fabs(static_cast<double>(got[k]) - want) <= tolerance))
      stop("value " + std::to_string(k) + ": expected " + std::to_string(want) + ", got " + std::to_string(got[k]));
  }
}

// Points of the Gaussian sum, and its values.
struct Points {
  int rows, columns;
  std::vector<float> x, y, b;

  Points(int rows, int columns) : rows(rows), columns(columns) {
    for (int k = 0; k < 3 * rows; k++) x.push_back(static_cast<float>(k * 37 % 101) / 101);
    for (int k = 0; k < 3 * columns; k++) y.push_back(static_cast<float>(k * 53 % 103) / 103);
    for (int k = 0; k < columns; k++) b.push_back(static_cast<float>(k * 29 % 97) / 97 - 0.5f);
  }

  double value(int i, double base) const {
    double sum = 0;
    for (int j = 0; j < columns; j++) {
      double distance = 0;
      for (int d = 0; d < 3; d++) distance += std::pow(static_cast<double>(x[3 * i + d]) - y[3 * j + d], 2);
      sum += std::pow(base, -distance) * b[j];
    }
    return sum;
  }
};

// The Gaussian sum by one of its kernels; gives what the synchronisation gave, and checks the values if that was no
// error.
Result gaussian(const char* kernel, int rows = 200, int columns = 300) {
  const Points points(rows, columns);
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(points.x), y = session.upload(points.y), b = session.upload(points.b);
  const DevicePtr out = session.allocate(static_cast<size_t>(rows) * sizeof(float));
  CALL(session.launch(kernel, static_cast<unsigned>(rows + 127) / 128, 128, 0, rows, columns, x, y, b, out));
  const Result result = cuStreamSynchronize(session.stream);
  if (result != 0) return result;
  expectValues(session.download<float>(out, static_cast<size_t>(rows)), [&](int i) { return points.value(i, std::exp(1)); }, 2e-5);
  session.close({x, y, b, out});
  return result;
}

void fastGaussian(int rows, int columns) {
  const Points points(rows, columns);
  std::vector<float> packed;
  for (int j = 0; j < columns; j++) packed.insert(packed.end(), {points.y[3 * j], points.y[3 * j + 1], points.y[3 * j + 2], points.b[j]});
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(points.x), p = session.upload(packed), out = session.allocate(rows * sizeof(float));
  CALL(session.launch("gaussian_fast", static_cast<unsigned>(rows + 255) / 256, 128, 0, rows, columns, x, p, out));
  expectValues(session.download<float>(out, rows), [&](int i) { return points.value(i, 2); }, 1e-6 * columns);
  session.close({x, p, out});
}

// A kernel on one float per thread that is there already.
Result onFloats(const char* kernel, unsigned threads, bool initialised) {
  Session session(ptx.c_str());
  const std::vector<float> ones(threads, 1);
  const DevicePtr x = initialised ? session.upload(ones) : session.allocate(threads * sizeof(float));
  CALL(session.launch(kernel, 1, threads, 0, x));
  return cuStreamSynchronize(session.stream);
}

void missingSynchronise() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(session.launch("add_one", 1, 32, 0, x));
  std::vector<float> early(32);
  CALL(cuMemcpyDtoHAsync_v2(early.data(), x, 32 * sizeof(float), session.stream));
  if (!std::isnan(early[0])) stop("a result is there before its stream was synchronised");
  CALL(cuStreamSynchronize(session.stream));
  expectValues(early, [](int) { return 2; });
  // Nor does a copy without a stream wait for a stream that is not ordered with the default one.
  CALL(session.launch("add_one", 1, 32, 0, x));
  CALL(cuMemcpyDtoH_v2(early.data(), x, 32 * sizeof(float)));
  expectValues(early, [](int) { return 2; });
  session.close({x});
}

void pinnedMemoryIsReadLate() {
  Session session;
  float* pinned = nullptr;
  CALL(cuMemHostAlloc(reinterpret_cast<void**>(&pinned), sizeof(float), 0));
  const DevicePtr x = session.allocate(sizeof(float));
  *pinned = 1;
  CALL(cuMemcpyHtoDAsync_v2(x, pinned, sizeof(float), session.stream));
  *pinned = 2;  // too early: the copy has not been made
  expectValues(session.download<float>(x, 1), [](int) { return 2; });
  float pageable = 3;
  CALL(cuMemcpyHtoDAsync_v2(x, &pageable, sizeof(float), session.stream));
  pageable = 4;
  expectValues(session.download<float>(x, 1), [](int) { return 3; });
  CALL(cuMemFreeHost(pinned));
  session.close({x});
}

void events() {
  Session session(ptx.c_str());
  Stream* second = nullptr;
  Event *event = nullptr, *end = nullptr;
  CALL(cuStreamCreate(&second, 1));
  CALL(cuEventCreate(&event, 0));
  CALL(cuEventCreate(&end, 0));
  const DevicePtr x = session.upload(std::vector<float>(32, 1)), y = session.allocate(32 * sizeof(float));
  CALL(session.launch("add_one", 1, 32, 0, x));
  CALL(cuEventRecord(event, session.stream));
  expect(cuEventQuery(event), "CUDA_ERROR_NOT_READY");
  CALL(cuStreamWaitEvent(second, event, 0));
  CALL(cuMemcpyDtoDAsync_v2(y, x, 32 * sizeof(float), second));
  CALL(cuEventRecord(end, second));
  float elapsed = -1;
  expect(cuEventElapsedTime(&elapsed, event, end), "CUDA_ERROR_NOT_READY");
  CALL(cuEventSynchronize(end));
  CALL(cuEventQuery(event));
  CALL(cuEventElapsedTime(&elapsed, event, end));
  if (!(elapsed >= 0)) stop("time that runs backwards");
  std::swap(session.stream, second);
  expectValues(session.download<float>(y, 32), [](int) { return 2; });
  CALL(cuStreamDestroy_v2(second));
  CALL(cuEventDestroy_v2(event));
  CALL(cuEventDestroy_v2(end));
  session.close({x, y});
}

// The addon calls from several threads, each with a stream of its own.
void manyThreads() {
  constexpr int THREADS = 6, TIMES = 20;
  Session session(ptx.c_str());
  const auto work = [&] {
    CALL(cuCtxSetCurrent(session.context));
    Session own = session;
    CALL(cuStreamCreate(&own.stream, 1));
    const DevicePtr x = own.upload(std::vector<float>(64, 1));
    for (int k = 0; k < TIMES; k++) {
      CALL(own.launch("add_one", 1, 64, 0, x));
      if (k % 3 == 0) CALL(cuStreamSynchronize(own.stream));
    }
    expectValues(own.download<float>(x, 64), [=](int) { return 1 + TIMES; });
    CALL(cuMemFree_v2(x));
    CALL(cuStreamDestroy_v2(own.stream));
  };
  std::vector<std::thread> threads;
  for (int k = 0; k < THREADS; k++) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  session.close({});
}

void polling() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(session.launch("add_one", 1, 32, 0, x));
  CALL(session.launch("add_one", 1, 32, 0, x));
  int asked = 0;
  while (cuStreamQuery(session.stream) != 0) asked++;
  if (asked != 2) stop("two pieces of work took " + std::to_string(asked) + " questions");
  session.close({x});
}

void defaultStreamIsOrdered() {
  Session session(ptx.c_str());
  Stream* blocking = nullptr;
  CALL(cuStreamCreate(&blocking, 0));
  std::swap(session.stream, blocking);
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(session.launch("add_one", 1, 32, 0, x));
  std::vector<float> got(32);
  CALL(cuMemcpyDtoH_v2(got.data(), x, 32 * sizeof(float)));
  expectValues(got, [](int) { return 2; });
  CALL(cuStreamDestroy_v2(blocking));
  session.close({x});
}

void otherThread() {
  Session session(ptx.c_str());
  std::thread([] {
    DevicePtr x = 0;
    expect(cuMemAlloc_v2(&x, 16), "CUDA_ERROR_INVALID_CONTEXT");
    expect(cuCtxSynchronize(), "CUDA_ERROR_INVALID_CONTEXT");
  }).join();
  std::thread([&] {
    CALL(cuCtxSetCurrent(session.context));
    const DevicePtr x = session.allocate(16);
    CALL(cuMemFree_v2(x));
  }).join();
  session.close({});
}

void staleHandles() {
  Session session(ptx.c_str());
  Stream* stream = nullptr;
  CALL(cuStreamCreate(&stream, 1));
  CALL(cuStreamDestroy_v2(stream));
  expect(cuStreamSynchronize(stream), "CUDA_ERROR_INVALID_HANDLE");
  Kernel* kernel = session.kernel("add_one");
  CALL(cuModuleUnload(session.module));
  expect(cuLaunchKernel(kernel, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr), "CUDA_ERROR_INVALID_HANDLE");
  const DevicePtr x = session.allocate(16);
  CALL(cuMemFree_v2(x));
  expect(cuMemFree_v2(x), "CUDA_ERROR_INVALID_VALUE");
  float host[8];
  const DevicePtr y = session.allocate(16);
  expect(cuMemcpyDtoH_v2(host, y, 32), "CUDA_ERROR_INVALID_VALUE");
  session.module = nullptr;
  session.close({y});
}

Result useAfterFree() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(cuMemFree_v2(x));
  CALL(session.launch("add_one", 1, 32, 0, x));
  return cuStreamSynchronize(session.stream);
}

Result misaligned() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(256, 1)), out = session.allocate(32 * 16);
  CALL(session.launch("misaligned_vectors", 1, 32, 0, x, out));
  return cuStreamSynchronize(session.stream);
}

// After a kernel's error everything fails, until the context is destroyed.
void stickyErrors() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(16, 1));
  Kernel* kernel = session.kernel("add_one");
  CALL(session.launch("add_one", 1, 32, 0, x));
  expect(cuStreamSynchronize(session.stream), "CUDA_ERROR_ILLEGAL_ADDRESS");
  DevicePtr other = 0;
  expect(cuMemAlloc_v2(&other, 16), "CUDA_ERROR_ILLEGAL_ADDRESS");
  expect(cuCtxSynchronize(), "CUDA_ERROR_ILLEGAL_ADDRESS");
  void* parameters[] = {&other};
  expect(cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, nullptr, parameters, nullptr), "CUDA_ERROR_ILLEGAL_ADDRESS");
  expect(cuMemFree_v2(x), "CUDA_ERROR_ILLEGAL_ADDRESS");
  CALL(cuDevicePrimaryCtxRelease_v2(0));
  Session fresh;
  fresh.close({fresh.allocate(16)});
}

void launchLimits() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(2048, 1));
  expect(session.launch("add_one", 1, 1025, 0, x), "CUDA_ERROR_INVALID_VALUE");
  expect(session.launch("add_one", 0, 32, 0, x), "CUDA_ERROR_INVALID_VALUE");
  expect(session.launch("add_one", 1, 32, 49 << 10, x), "CUDA_ERROR_INVALID_VALUE");
  constexpr int MAX_DYNAMIC_SHARED = 8;
  CALL(cuFuncSetAttribute(session.kernel("add_one"), MAX_DYNAMIC_SHARED, 100 << 10));
  CALL(session.launch("add_one", 1, 32, 49 << 10, x));
  expect(cuFuncSetAttribute(session.kernel("add_one"), MAX_DYNAMIC_SHARED, 300 << 10), "CUDA_ERROR_INVALID_VALUE");
  Kernel* none = nullptr;
  expect(cuModuleGetFunction(&none, session.module, "no_such_kernel"), "CUDA_ERROR_NOT_FOUND");
  session.close({x});
}

void images() {
  Session session;
  LoadedModule* module = nullptr;
  const auto loaded = [&](const char* image) { return cuModuleLoadDataEx(&module, image, 0, nullptr, nullptr); };
  expect(loaded("\x7f" "ELF and so on"), "CUDA_ERROR_NO_BINARY_FOR_GPU");
  expect(loaded("no image at all"), "CUDA_ERROR_INVALID_IMAGE");
  expect(loaded(".version 99.0\n.target sm_75\n.address_size 64\n"), "CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
  expect(loaded(".version 8.0\n.target sm_999\n.address_size 64\n"), "CUDA_ERROR_NO_BINARY_FOR_GPU");
  char problem[256] = "";
  int options[] = {5, 6};
  void* values[] = {problem, reinterpret_cast<void*>(sizeof problem)};
  const char* unknown = ".version 8.0\n.target sm_75\n.address_size 64\n.entry f()\n{\n.reg .b32 %r<3>;\nfrobnicate.rn.b32 %r1, %r2;\nret;\n}\n";
  expect(cuModuleLoadDataEx(&module, unknown, 2, options, values), "CUDA_ERROR_INVALID_PTX");
  const std::string expected = "PTX line 7: unknown instruction: frobnicate.rn.b32 %r1, %r2";
  if (problem != expected) stop("expected '" + expected + "', got '" + problem + "'");
  const char* surplus = ".version 8.0\n.target sm_75\n.address_size 64\n.entry f()\n{\n.reg .f32 %f<3>;\nmax.f32 %f1, %f2, %f2, %f2;\n}\n";
  expect(loaded(surplus), "CUDA_ERROR_INVALID_PTX");
  session.close({});
}

// PTX that is cut off somewhere is refused, or was whole up to there.
void cutPtx() {
  Session session;
  const std::string whole = textOf(ptx);
  constexpr size_t CUTS = 60;
  int refused = 0;
  for (size_t k = 1; k < CUTS; k++) {
    const Result result = cuModuleLoadDataEx(&session.module, whole.substr(0, whole.size() * k / CUTS).c_str(), 0, nullptr, nullptr);
    if (result == 0) CALL(cuModuleUnload(session.module));
    else expect(result, "CUDA_ERROR_INVALID_PTX");
    refused += result != 0;
  }
  if (refused < 50) stop("only " + std::to_string(refused) + " cuts were refused");
  session.module = nullptr;
  session.close({});
}

template <typename T>
std::vector<T> run(const char* kernel, unsigned threads, std::vector<T> values) {
  Session session(ptx.c_str());
  const DevicePtr out = session.upload(values);
  CALL(session.launch(kernel, 1, threads, 0, out));
  const std::vector<T> got = session.download<T>(out, values.size());
  session.close({out});
  return got;
}

void dotProduct() {
  Session session(ptx.c_str());
  std::vector<double> a, b;
  double expected = 0;
  for (int k = 0; k < 5000; k++) {
    a.push_back(k % 17 - 8);
    b.push_back(k % 23 - 11);
    expected += a.back() * b.back();
  }
  const DevicePtr da = session.upload(a), db = session.upload(b), out = session.allocate(8);
  CALL(cuMemsetD8Async(out, 0, 8, session.stream));
  CALL(session.launch("dot", 3, 128, 4 * 8, 5000, da, db, out));
  expectValues(session.download<double>(out, 1), [&](int) { return expected; });
  session.close({da, db, out});
}

void lastBlock() {
  Session session(ptx.c_str());
  const DevicePtr partial = session.allocate(20 * 4), out = session.allocate(4);
  for (int k = 0; k < 2; k++) {  // the counter comes back to 0
    CALL(session.launch("last_block", 20, 32, 0, partial, out));
    expectValues(session.download<int>(out, 1), [](int) { return 210; });
  }
  DevicePtr counter = 0;
  size_t bytes = 0;
  CALL(cuModuleGetGlobal_v2(&counter, &bytes, session.module, "finished"));
  if (bytes != 4) stop("a global variable of 4 bytes has " + std::to_string(bytes));
  session.close({partial, out});
}

void atomics() {
  const std::vector<int> got = run<int>("integer_atomics", 64, {0, 0, 0, 0, -1, 0, 0, 0, 0, 0});
  const std::vector<int> expected = {64 * 63 / 2, -63, 63, -1, 0, 0, 77, 64, 64, 63};
  expectValues(got, [&](int k) { return expected[static_cast<size_t>(k)]; });
}

int collatz(int n) {
  int steps = 0;
  for (; n != 1; steps++) n = n % 2 ? 3 * n + 1 : n / 2;
  return steps;
}

void divergence() {
  const auto reversed = [](unsigned x) {
    unsigned made = 0;
    for (int k = 0; k < 32; k++) made |= (x >> k & 1) << (31 - k);
    return made;
  };
  expectValues(run<int>("divergence", 96, std::vector<int>(96)), [&](int t) {
    const auto u = static_cast<unsigned>(t);
    const int choices[] = {collatz(t + 1), t * t, -t, collatz(2 * t + 1), t << 3,
                           __builtin_popcount(u) + (t ? __builtin_clz(u) : 32) + static_cast<int>(reversed(u) % 7), t % 3 == 0 ? 1 : 2};
    return choices[t % 7] + 48 + 1000;
  });
}

void votes() {
  expectValues(run<unsigned>("votes", 96, std::vector<unsigned>(96)), [](int t) {
    unsigned ballot = 0;
    for (int k = 0; k < 32; k++) ballot |= static_cast<unsigned>((t / 32 * 32 + k) % 3 == 0) << k;
    return static_cast<unsigned>(ballot + (t / 32 == 1) + 2 * (t < 64));
  });
}

void parameters() {
  struct Sizes {
    int length[5];
    double scale;
  };
  Session session(ptx.c_str());
  const DevicePtr out = session.allocate(20 * 8);
  CALL(session.launch("parameters", 1, 20, 0, Sizes{{1, 2, 3, 4, 5}, 0.5}, static_cast<char>(-3), out));
  expectValues(session.download<double>(out, 20), [](int t) { return (t % 5 + 1) * 0.5 - 3 + (t % 4 + 1) * 10; });
  session.close({out});
}

void wideIntegers() {
  const std::vector<long long> in = {7, 3, -7, 3, 1LL << 40, -(1LL << 21), -123456789012345, 987654321, 5, -1, 0x7ffffffffffffc00, 2};
  Session session(ptx.c_str());
  const DevicePtr from = session.upload(in), to = session.allocate(in.size() / 2 * 8 * 8);
  CALL(session.launch("wide_integers", 1, static_cast<unsigned>(in.size() / 2), 0, from, to));
  const auto got = session.download<long long>(to, in.size() / 2 * 8);
  for (size_t k = 0; k < in.size() / 2; k++) {
    const long long a = in[2 * k], b = in[2 * k + 1];
    const double unsignedB = static_cast<double>(static_cast<unsigned long long>(b));
    long long bits = 0;
    std::memcpy(&bits, &unsignedB, 8);
    const auto backA = static_cast<long long>(static_cast<double>(a));
    const long long expected[] = {static_cast<long long>(static_cast<unsigned long long>(a) * static_cast<unsigned long long>(b)),
                                  static_cast<long long>(static_cast<__int128>(a) * b >> 64), a / b, a % b,
                                  static_cast<long long>(static_cast<unsigned long long>(a) >> (b & 63)), a >> (b & 63),
                                  backA + static_cast<int>(static_cast<float>(b)), bits};
    for (size_t e = 0; e < 8; e++)
      if (got[8 * k + e] != expected[e]) stop("pair " + std::to_string(k) + ", result " + std::to_string(e) + ": " + std::to_string(got[8 * k + e]));
  }
  session.close({from, to});
}

// What the environment asks for; the test that starts the case sets it.

void noDevice() {
  expect(cuInit(0), "CUDA_ERROR_NO_DEVICE");
  int count = -1;
  expect(cuDeviceGetCount(&count), "CUDA_ERROR_NOT_INITIALIZED");
}

Result loading() {
  Session session;
  return cuModuleLoadDataEx(&session.module, textOf(ptx).c_str(), 0, nullptr, nullptr);
}

void thirdAllocation() {
  Session session;
  const DevicePtr a = session.allocate(16), b = session.allocate(16);
  DevicePtr c = 0;
  expect(cuMemAlloc_v2(&c, 16), "CUDA_ERROR_OUT_OF_MEMORY");
  c = session.allocate(16);
  session.close({a, b, c});
}

void memoryLimit() {
  Session session;
  DevicePtr none = 0;
  expect(cuMemAlloc_v2(&none, 1001), "CUDA_ERROR_OUT_OF_MEMORY");
  const DevicePtr a = session.allocate(600);
  expect(cuMemAlloc_v2(&none, 600), "CUDA_ERROR_OUT_OF_MEMORY");
  size_t free = 0, total = 0;
  CALL(cuMemGetInfo_v2(&free, &total));
  if (free != 400 || total != 1000) stop("free " + std::to_string(free) + " of " + std::to_string(total));
  CALL(cuMemFree_v2(a));
  session.close({session.allocate(1000)});
}

void secondKernel() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(session.launch("add_one", 1, 32, 0, x));
  CALL(cuStreamSynchronize(session.stream));
  CALL(session.launch("add_one", 1, 32, 0, x));
  expect(cuStreamSynchronize(session.stream), "CUDA_ERROR_LAUNCH_FAILED");
  expect(cuMemFree_v2(x), "CUDA_ERROR_LAUNCH_FAILED");
}

void failingSynchronise() {
  Session session;
  expect(cuStreamSynchronize(session.stream), "CUDA_ERROR_ILLEGAL_ADDRESS");
  expect(cuStreamSynchronize(session.stream), "CUDA_ERROR_ILLEGAL_ADDRESS");
}

void threeDevices() {
  Session session(ptx.c_str());
  int count = 0;
  DeviceId last = -1;
  CALL(cuDeviceGetCount(&count));
  CALL(cuDeviceGet(&last, 2));
  expect(cuDeviceGet(&last, 3), "CUDA_ERROR_INVALID_DEVICE");
  if (count != 3) stop(std::to_string(count) + " devices");
  Context* other = nullptr;
  CALL(cuDevicePrimaryCtxRetain(&other, 2));
  CALL(cuCtxSetCurrent(other));
  const DevicePtr there = session.upload(std::vector<float>(32, 1));
  CALL(cuCtxSetCurrent(session.context));
  CALL(session.launch("add_one", 1, 32, 0, there));
  expect(cuStreamSynchronize(session.stream), "CUDA_ERROR_ILLEGAL_ADDRESS");
  CALL(cuCtxSetCurrent(other));  // which is none the worse for it
  float one = 0;
  CALL(cuMemcpyDtoH_v2(&one, there, sizeof one));
}

void eager() {
  Session session(ptx.c_str());
  const DevicePtr x = session.upload(std::vector<float>(32, 1));
  CALL(session.launch("add_one", 1, 32, 0, x));
  CALL(cuStreamQuery(session.stream));
  session.close({x});
}

void leak() {
  Session session(ptx.c_str());
  session.allocate(1000);
  Event* event = nullptr;
  CALL(cuEventCreate(&event, 0));
}

const std::map<std::string, std::function<void()>> CASES = {
    {"gaussian", [] { CALL(gaussian("gaussian")); }},
    {"gaussian-fast", [] { fastGaussian(300, 500); }},
    {"gaussian-long", [] { fastGaussian(2048, 8192); }},
    {"no-first-barrier", [] { expect(gaussian("no_first_barrier"), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"no-second-barrier", [] { expect(gaussian("no_second_barrier"), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"shared-overrun", [] { expect(gaussian("shared_overrun"), "CUDA_ERROR_ILLEGAL_ADDRESS"); }},
    {"global-overrun", [] { expect(gaussian("global_overrun"), "CUDA_ERROR_ILLEGAL_ADDRESS"); }},
    {"early-leave", [] { expect(gaussian("early_leave"), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"misaligned", [] { expect(misaligned(), "CUDA_ERROR_MISALIGNED_ADDRESS"); }},
    {"uninitialised-global", [] { expect(onFloats("add_one", 32, false), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"uninitialised-shared", [] { expect(onFloats("uninitialised_shared", 64, true), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"write-write-race", [] { expect(onFloats("write_write_race", 64, true), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"divergent-barriers", [] { expect(onFloats("divergent_barriers", 64, true), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"absent-shuffle", [] { expect(onFloats("absent_shuffle", 32, true), "CUDA_ERROR_LAUNCH_FAILED"); }},
    {"use-after-free", [] { expect(useAfterFree(), "CUDA_ERROR_ILLEGAL_ADDRESS"); }},
    {"missing-synchronise", missingSynchronise},
    {"pinned-memory", pinnedMemoryIsReadLate},
    {"events", events},
    {"many-threads", manyThreads},
    {"polling", polling},
    {"default-stream", defaultStreamIsOrdered},
    {"other-thread", otherThread},
    {"stale-handles", staleHandles},
    {"sticky-errors", stickyErrors},
    {"launch-limits", launchLimits},
    {"images", images},
    {"cut-ptx", cutPtx},
    {"no-device", noDevice},
    {"old-device", [] { expect(loading(), "CUDA_ERROR_NO_BINARY_FOR_GPU"); }},
    {"new-ptx", [] { expect(loading(), "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"); }},
    {"third-allocation", thirdAllocation},
    {"memory-limit", memoryLimit},
    {"second-kernel", secondKernel},
    {"failing-synchronise", failingSynchronise},
    {"three-devices", threeDevices},
    {"eager", eager},
    {"leak", leak},
    {"dot", dotProduct},
    {"last-block", lastBlock},
    {"atomics", atomics},
    {"divergence", divergence},
    {"votes", votes},
    {"parameters", parameters},
    {"wide-integers", wideIntegers},
    {"warp-ordered", [] { expectValues(run<int>("warp_ordered", 128, std::vector<int>(128)), [](int t) { return (t ^ 31 ^ 1) + 1; }); }},
    {"vectors", [] {
       Session session(ptx.c_str());
       std::vector<float> values;
       for (int k = 0; k < 128; k++) values.push_back(static_cast<float>(k));
       const DevicePtr in = session.upload(values), out = session.allocate(512);
       CALL(session.launch("copy_vectors", 1, 32, 0, in, out));
       expectValues(session.download<float>(out, 128), [](int k) { return k; });
       session.close({in, out});
     }},
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 || !CASES.contains(arguments[2])) stop("faults KERNELS.ptx CASE");
  ptx = arguments[1];
  CASES.at(arguments[2])();
}
