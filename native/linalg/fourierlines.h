// Lines of Fourier transforms in the lanes of vectors: 64 bytes of lanes at a time, one line a lane, in a buffer that stays
// in the cache; steps of radix 4, 2, 3, 5 and 7 go to and fro between two such buffers (Stockham's order, which needs no
// reversal of digits). It must know no grid.
#ifndef TSKEOPS_FOURIERLINES_H
#define TSKEOPS_FOURIERLINES_H

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>
#include <vector>

#include "linalg/session.h"
#include "run/memory.h"

template <class T>
constexpr int64 LANES = 64 / sizeof(T);

// Real and imaginary parts, in memory of their own.
template <class T>
struct Planes {
  T *re, *im;

  Planes swapped() const { return {im, re}; }
};

// None where it has other prime factors.
inline std::vector<int64> radicesOf(int64 length) {
  std::vector<int64> radices;
  for (const int64 radix : {4, 2, 3, 5, 7})
    for (; length % radix == 0; length /= radix) radices.push_back(radix);
  if (length != 1) radices.clear();
  return radices;
}

// exp(-2 pi i numerator / denominator): the angle is reduced exactly.
template <class T>
void appendRoot(std::vector<T> &to, int64 numerator, int64 denominator) {
  const double angle = -2 * std::numbers::pi * double(numerator % denominator) / double(denominator);
  to.push_back(T(std::cos(angle)));
  to.push_back(T(std::sin(angle)));
}

// Two buffers of a thread for `count` entries of all lanes.
template <class T>
struct Workspace {
  Planes<T> first, second;

  explicit Workspace(int64 count) {
    static thread_local GrowingBuffer memory;
    T *const begin = reinterpret_cast<T *>(memory.ofSize(4 * count * LANES<T> * int64(sizeof(T))));
    const int64 size = count * LANES<T>;
    first = {begin, begin + size}, second = {begin + 2 * size, begin + 3 * size};
  }
};

// What transforms of one length need.
template <class T>
struct Line {
  const int64 length;
  std::vector<int64> radices;
  std::vector<T> twiddles, halves;

  explicit Line(int64 length) : length(length), radices(radicesOf(length)) {
    int64 left = length;
    for (const int64 radix : radices) {
      const int64 count = left / radix;
      for (int64 q = 0; q < count; q++)
        for (int64 k = 1; k < radix; k++) appendRoot(twiddles, q * k, left);
      left = count;
    }
    for (int64 k = 0; 2 * k <= length; k++) appendRoot(halves, k, 2 * length);
  }

  // Lanes of complex numbers; the result is in the buffer that is returned, the other one is overwritten.
  Planes<T> transform(const Kernels<T> &use, Planes<T> from, Planes<T> other) const {
    const T *next = twiddles.data();
    int64 left = length, run = LANES<T>;
    for (const int64 radix : radices) {
      const int64 count = left / radix;
      use.fourierStep({radix, count, run, from.re, from.im, other.re, other.im, next});
      next += 2 * count * (radix - 1), run *= radix, left = count;
      std::swap(from, other);
    }
    return from;
  }
  Planes<T> transform(const Kernels<T> &use, const Workspace<T> &space) const { return transform(use, space.first, space.second); }

  // Of 2 `length` real numbers, the even ones in the place of real parts, the odd ones of imaginary parts: the spectrum of
  // length + 1.
  Planes<T> realTransform(const Kernels<T> &use, const Workspace<T> &space) const {
    const Planes<T> done = transform(use, space), to = done.re == space.first.re ? space.second : space.first;
    use.splitSpectrum({length, done.re, done.im, to.re, to.im, halves.data(), 1});
    return to;
  }
  // The way back, times 2 `length` scale.
  Planes<T> realTransformBack(const Kernels<T> &use, const Workspace<T> &space, T scale) const {
    const auto [from, to] = space;
    use.joinSpectrum({length, from.re, from.im, to.re, to.im, halves.data(), scale});
    return transform(use, to.swapped(), from.swapped()).swapped();
  }
};

constexpr size_t MOST_KEPT = 32;

// What is made once of a length.
template <class Made>
std::shared_ptr<const Made> keptOf(int64 length) {
  static std::mutex guard;
  static std::map<int64, std::shared_ptr<const Made>> known;
  const std::scoped_lock whileUsed(guard);
  if (known.size() >= MOST_KEPT && !known.contains(length)) known.clear();
  std::shared_ptr<const Made> &kept = known[length];
  if (!kept) kept = std::make_shared<const Made>(length);
  return kept;
}

// Calls body(kernels, buffers for `length` entries, first line, lines) for groups of lines; tasks are worth their handing out.
template <class T, class Body>
void inGroups(int64 lines, int64 length, Body body) {
  const int64 groupsOfTask = std::max<int64>(1, (1 << 15) / (length * LANES<T>));
  inPieces(ceilDivide(lines, LANES<T>), groupsOfTask, [&, &use = kernels<T>()](int64 group, int64 end) {
    const Workspace<T> space(length);
    for (; group < end; group++) body(use, space, group * LANES<T>, std::min(LANES<T>, lines - group * LANES<T>));
  });
}

// ---- lines that stand beside each other: entry e of line c is at e stride + c ---------------------------------------------

// Lanes without a line are zero.
template <class T>
void copyIn(const T *from, int64 stride, int64 length, int64 lines, T *to) {
  for (int64 e = 0; e < length; e++, from += stride, to += LANES<T>) {
    std::memcpy(to, from, lines * sizeof(T));
    std::memset(to + lines, 0, (LANES<T> - lines) * sizeof(T));
  }
}

template <class T>
void copyOut(const T *from, int64 stride, int64 length, int64 lines, T *to) {
  for (int64 e = 0; e < length; e++, to += stride, from += LANES<T>) std::memcpy(to, from, lines * sizeof(T));
}

#endif
