// Fourier transforms of real grids, axis by axis. Lines are taken 64 bytes of lanes at a time, one line a lane, into a
// buffer that stays in the cache; steps of radix 4, 2, 3, 5 and 7 go to and fro between two such buffers (Stockham's
// order, which needs no reversal of digits). A single long line is cut in two, as a matrix whose columns and rows are lines.
#include "linalg/fourier.h"

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <numbers>

#include "linalg/session.h"
#include "run/memory.h"

namespace {

template <class T>
constexpr int64 LANES = 64 / sizeof(T);

// Real and imaginary parts, in memory of their own.
template <class T>
struct Planes {
  T *re, *im;

  Planes swapped() const { return {im, re}; }
};

std::vector<int64> radicesOf(int64 length) {
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

  // Transforms `run` lanes; the result is in the buffer that is returned, the other one is overwritten.
  Planes<T> transform(const Kernels<T> &use, Planes<T> from, Planes<T> other, int64 run) const {
    const T *next = twiddles.data();
    int64 left = length;
    for (const int64 radix : radices) {
      const int64 count = left / radix;
      use.fourierStep({radix, count, run, from.re, from.im, other.re, other.im, next});
      next += 2 * count * (radix - 1), run *= radix, left = count;
      std::swap(from, other);
    }
    return from;
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

// Groups of lines that make a task worth its handing out.
template <class T>
int64 groupsOfTask(int64 length) {
  return std::max<int64>(1, (1 << 15) / (length * LANES<T>));
}

// ---- lines that stand beside each other: entry e of line c is at e stride + c ---------------------------------------------

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

// grid [outer, length, inner] is transformed along its middle.
template <class T>
void alongMiddle(Planes<T> grid, int64 outer, int64 length, int64 inner) {
  if (length == 1) return;
  const auto line = keptOf<Line<T>>(length);
  const Kernels<T> &use = kernels<T>();
  const int64 groups = ceilDivide(inner, LANES<T>);
  inPieces(outer * groups, groupsOfTask<T>(length), [&](int64 group, int64 end) {
    const Workspace<T> space(length);
    for (; group < end; group++) {
      const int64 column = group % groups * LANES<T>, lines = std::min(LANES<T>, inner - column);
      const int64 at = group / groups * length * inner + column;
      copyIn(grid.re + at, inner, length, lines, space.first.re);
      copyIn(grid.im + at, inner, length, lines, space.first.im);
      const Planes<T> done = line->transform(use, space.first, space.second, LANES<T>);
      copyOut(done.re, inner, length, lines, grid.re + at);
      copyOut(done.im, inner, length, lines, grid.im + at);
    }
  });
}

// ---- lines one after the other: entry e of line c is at c length + e ------------------------------------------------------

// Every `step`-th number of each line into its lane; lanes without a line are zero.
template <class T>
void gather(const T *from, int64 length, int64 step, int64 count, int64 lines, T *to) {
  if (lines < LANES<T>) std::memset(to, 0, count * LANES<T> * sizeof(T));
  for (int64 c = 0; c < lines; c++)
    for (int64 e = 0; e < count; e++) to[e * LANES<T> + c] = from[c * length + e * step];
}

template <class T>
void scatter(const T *from, int64 length, int64 step, int64 count, int64 lines, T *to) {
  for (int64 c = 0; c < lines; c++)
    for (int64 e = 0; e < count; e++) to[c * length + e * step] = from[e * LANES<T> + c];
}

// values [lines, 2 half] and their spectra [lines, half + 1].
template <class T>
struct RealLines {
  T *values;
  Planes<T> spectrum;
  int64 lines, half;
};

template <class T, class Body>
void forGroupsOfLines(const RealLines<T> &of, Body body) {
  inPieces(ceilDivide(of.lines, LANES<T>), groupsOfTask<T>(of.half), [&](int64 group, int64 end) {
    const Workspace<T> space(of.half + 1);
    for (; group < end; group++) {
      const int64 line = group * LANES<T>, at = line * (of.half + 1);
      body(space, std::min(LANES<T>, of.lines - line), of.values + line * 2 * of.half, Planes<T>{of.spectrum.re + at, of.spectrum.im + at});
    }
  });
}

template <class T>
void realLines(const RealLines<T> &of) {
  const auto line = keptOf<Line<T>>(of.half);
  const Kernels<T> &use = kernels<T>();
  const int64 n = 2 * of.half, h = of.half;
  forGroupsOfLines(of, [&](const Workspace<T> &space, int64 lines, const T *values, Planes<T> out) {
    gather(values, n, 2, h, lines, space.first.re);
    gather(values + 1, n, 2, h, lines, space.first.im);
    const Planes<T> done = line->transform(use, space.first, space.second, LANES<T>);
    const Planes<T> split = done.re == space.first.re ? space.second : space.first;
    use.splitSpectrum({h, LANES<T>, done.re, done.im, split.re, split.im, line->halves.data(), 1});
    scatter(split.re, h + 1, 1, h + 1, lines, out.re);
    scatter(split.im, h + 1, 1, h + 1, lines, out.im);
  });
}

template <class T>
void realLinesBack(const RealLines<T> &of, T scale) {
  const auto line = keptOf<Line<T>>(of.half);
  const Kernels<T> &use = kernels<T>();
  const int64 n = 2 * of.half, h = of.half;
  forGroupsOfLines(of, [&](const Workspace<T> &space, int64 lines, T *values, Planes<T> spectrum) {
    gather(spectrum.re, h + 1, 1, h + 1, lines, space.first.re);
    gather(spectrum.im, h + 1, 1, h + 1, lines, space.first.im);
    const auto [joined, other] = std::pair{space.second, space.first};
    use.joinSpectrum({h, LANES<T>, other.re, other.im, joined.re, joined.im, line->halves.data(), scale});
    const Planes<T> done = line->transform(use, joined.swapped(), other.swapped(), LANES<T>).swapped();
    scatter(done.re, n, 2, h, lines, values);
    scatter(done.im, n, 2, h, lines, values + 1);
  });
}

// ---- one long line --------------------------------------------------------------------------------------------------------

// Numbers that a line must have to be cut in two.
constexpr int64 LONG = 512;

int64 largestDivisorBelowRoot(int64 length) {
  int64 divisor = int64(std::sqrt(double(length)));
  while (length % divisor != 0) divisor--;
  return divisor;
}

// What a long line needs: `rows` is the largest divisor up to the root, and roots [rows, columns] are powers of
// exp(-2 pi i / length) by the product of row and column, real and imaginary parts apart.
template <class T>
struct LongLine {
  const int64 rows, columns;
  std::vector<T> re, im;

  explicit LongLine(int64 length) : rows(largestDivisorBelowRoot(length)), columns(length / rows), re(length), im(length) {
    for (int64 row = 0; row < rows; row++)
      for (int64 column = 0; column < columns; column++) {
        const double angle = -2 * std::numbers::pi * double(row * column) / double(length);
        re[row * columns + column] = T(std::cos(angle)), im[row * columns + column] = T(std::sin(angle));
      }
  }
};

// from [length], which is overwritten, is transformed into `to`.
template <class T>
void longLine(Planes<T> from, Planes<T> to, int64 length) {
  const auto cut = keptOf<LongLine<T>>(length);
  const int64 rows = cut->rows, columns = cut->columns;
  const auto down = keptOf<Line<T>>(rows), across = keptOf<Line<T>>(columns);
  const Kernels<T> &use = kernels<T>();
  inPieces(ceilDivide(columns, LANES<T>), groupsOfTask<T>(rows), [&](int64 group, int64 end) {
    const Workspace<T> space(rows);
    for (; group < end; group++) {
      const int64 column = group * LANES<T>, lines = std::min(LANES<T>, columns - column);
      copyIn(from.re + column, columns, rows, lines, space.first.re);
      copyIn(from.im + column, columns, rows, lines, space.first.im);
      const Planes<T> done = down->transform(use, space.first, space.second, LANES<T>);
      for (int64 row = 0; row < rows; row++) {
        const int64 at = row * columns + column, own = row * LANES<T>;
        use.multiplyComplex({done.re + own, done.im + own, cut->re.data() + at, cut->im.data() + at, from.re + at, from.im + at, lines, false});
      }
    }
  });
  inPieces(ceilDivide(rows, LANES<T>), groupsOfTask<T>(columns), [&](int64 group, int64 end) {
    const Workspace<T> space(columns);
    for (; group < end; group++) {
      const int64 row = group * LANES<T>, lines = std::min(LANES<T>, rows - row);
      gather(from.re + row * columns, columns, 1, columns, lines, space.first.re);
      gather(from.im + row * columns, columns, 1, columns, lines, space.first.im);
      const Planes<T> done = across->transform(use, space.first, space.second, LANES<T>);
      copyOut(done.re, rows, columns, lines, to.re + row);
      copyOut(done.im, rows, columns, lines, to.im + row);
    }
  });
}

// Memory for a long line and its transform.
template <class T>
struct LongSpace {
  const Buffer memory;
  Planes<T> first, second;

  explicit LongSpace(int64 length) : memory(allocate(4 * length * int64(sizeof(T)))) {
    T *const begin = reinterpret_cast<T *>(memory.get());
    first = {begin, begin + length}, second = {begin + 2 * length, begin + 3 * length};
  }
};

template <class T>
void longRealLine(const RealLines<T> &of) {
  const int64 h = of.half;
  const LongSpace<T> space(h);
  for (int64 e = 0; e < h; e++) space.first.re[e] = of.values[2 * e], space.first.im[e] = of.values[2 * e + 1];
  longLine(space.first, space.second, h);
  const auto line = keptOf<Line<T>>(h);
  kernels<T>().splitSpectrum({h, 1, space.second.re, space.second.im, of.spectrum.re, of.spectrum.im, line->halves.data(), 1});
}

template <class T>
void longRealLineBack(const RealLines<T> &of, T scale) {
  const int64 h = of.half;
  const LongSpace<T> space(h);
  const auto line = keptOf<Line<T>>(h);
  kernels<T>().joinSpectrum({h, 1, of.spectrum.re, of.spectrum.im, space.first.re, space.first.im, line->halves.data(), scale});
  longLine(space.first.swapped(), space.second.swapped(), h);
  for (int64 e = 0; e < h; e++) of.values[2 * e] = space.second.re[e], of.values[2 * e + 1] = space.second.im[e];
}

// The lines along the last axis, of a grid whose spectrum is [lines, half + 1].
template <class T>
RealLines<T> linesOf(const RealGrid<T> &grid) {
  int64 lines = 1;
  for (size_t axis = 0; axis + 1 < grid.shape.size(); axis++) lines *= grid.shape[axis];
  return {grid.values, {grid.re, grid.im}, lines, grid.shape.back() / 2};
}

// All axes but the last.
template <class T>
void alongOtherAxes(const RealGrid<T> &grid, Planes<T> spectrum) {
  int64 outer = 1, inner = linesOf(grid).lines * (grid.shape.back() / 2 + 1);
  for (size_t axis = 0; axis + 1 < grid.shape.size(); axis++) {
    inner /= grid.shape[axis];
    alongMiddle(spectrum, outer, grid.shape[axis], inner);
    outer *= grid.shape[axis];
  }
}

template <class T>
bool isLong(const RealLines<T> &of) {
  return of.lines == 1 && of.half >= LONG;
}

}  // namespace

bool hasTransform(int64 length) { return length == 1 || (length > 1 && !radicesOf(length).empty()); }

template <class T>
void fourier(const RealGrid<T> &grid) {
  const RealLines<T> last = linesOf(grid);
  isLong(last) ? longRealLine(last) : realLines(last);
  alongOtherAxes(grid, last.spectrum);
}

template <class T>
void inverseFourier(const RealGrid<T> &grid) {
  const RealLines<T> last = linesOf(grid);
  alongOtherAxes(grid, last.spectrum.swapped());
  const T scale = T(1 / (double(last.lines) * double(last.half)));
  isLong(last) ? longRealLineBack(last, scale) : realLinesBack(last, scale);
}

template void fourier(const RealGrid<float> &);
template void fourier(const RealGrid<double> &);
template void inverseFourier(const RealGrid<float> &);
template void inverseFourier(const RealGrid<double> &);
