// Fourier transforms of real grids, axis by axis: the last one first, whose lines are real, then the others.
#include "linalg/fourier.h"

#include "linalg/fourierlines.h"
#include "linalg/longline.h"

namespace {

// grid [outer, length, inner] is transformed along its middle.
template <class T>
void alongMiddle(Planes<T> grid, int64 outer, int64 length, int64 inner) {
  if (length == 1) return;
  const auto line = keptOf<Line<T>>(length);
  const int64 groups = ceilDivide(inner, LANES<T>);
  inGroups<T>(outer * groups * LANES<T>, length, [&](const Kernels<T> &use, const Workspace<T> &space, int64 first, int64) {
    const int64 group = first / LANES<T>, column = group % groups * LANES<T>, lines = std::min(LANES<T>, inner - column);
    const int64 at = group / groups * length * inner + column;
    copyIn(grid.re + at, inner, length, lines, space.first.re);
    copyIn(grid.im + at, inner, length, lines, space.first.im);
    const Planes<T> done = line->transform(use, space);
    copyOut(done.re, inner, length, lines, grid.re + at);
    copyOut(done.im, inner, length, lines, grid.im + at);
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
  RealLine<T> first;
  int64 lines;

  RealLine<T> at(int64 line) const {
    const int64 at = line * (first.half + 1);
    return {first.values + line * 2 * first.half, {first.spectrum.re + at, first.spectrum.im + at}, first.half};
  }
};

template <class T>
void realLines(const RealLines<T> &of) {
  const int64 h = of.first.half;
  const auto line = keptOf<Line<T>>(h);
  inGroups<T>(of.lines, h + 1, [&](const Kernels<T> &use, const Workspace<T> &space, int64 first, int64 lines) {
    const auto [values, out, half] = of.at(first);
    gather(values, 2 * h, 2, h, lines, space.first.re);
    gather(values + 1, 2 * h, 2, h, lines, space.first.im);
    const Planes<T> done = line->realTransform(use, space);
    scatter(done.re, h + 1, 1, h + 1, lines, out.re);
    scatter(done.im, h + 1, 1, h + 1, lines, out.im);
  });
}

template <class T>
void realLinesBack(const RealLines<T> &of, T scale) {
  const int64 h = of.first.half;
  const auto line = keptOf<Line<T>>(h);
  inGroups<T>(of.lines, h + 1, [&](const Kernels<T> &use, const Workspace<T> &space, int64 first, int64 lines) {
    const auto [values, spectrum, half] = of.at(first);
    gather(spectrum.re, h + 1, 1, h + 1, lines, space.first.re);
    gather(spectrum.im, h + 1, 1, h + 1, lines, space.first.im);
    const Planes<T> done = line->realTransformBack(use, space, scale);
    scatter(done.re, 2 * h, 2, h, lines, values);
    scatter(done.im, 2 * h, 2, h, lines, values + 1);
  });
}

// The lines along the last axis, of a grid whose spectrum is [lines, half + 1].
template <class T>
RealLines<T> linesOf(const RealGrid<T> &grid) {
  int64 lines = 1;
  for (size_t axis = 0; axis + 1 < grid.shape.size(); axis++) lines *= grid.shape[axis];
  return {{grid.values, {grid.re, grid.im}, grid.shape.back() / 2}, lines};
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
  return of.lines == 1 && of.first.half >= LONG_HALF;
}

}  // namespace

bool hasTransform(int64 length) { return length == 1 || (length > 1 && !radicesOf(length).empty()); }

template <class T>
void fourier(const RealGrid<T> &grid) {
  const RealLines<T> last = linesOf(grid);
  isLong(last) ? longRealLine(last.first) : realLines(last);
  alongOtherAxes(grid, last.first.spectrum);
}

template <class T>
void inverseFourier(const RealGrid<T> &grid) {
  const RealLines<T> last = linesOf(grid);
  alongOtherAxes(grid, last.first.spectrum.swapped());
  const T scale = T(1 / (double(last.lines) * double(last.first.half)));
  isLong(last) ? longRealLineBack(last.first, scale) : realLinesBack(last, scale);
}

template void fourier(const RealGrid<float> &);
template void fourier(const RealGrid<double> &);
template void inverseFourier(const RealGrid<float> &);
template void inverseFourier(const RealGrid<double> &);
