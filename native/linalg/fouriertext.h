// The inner loops of Fourier transforms, a part of kernelstext.h: every lane of a vector belongs to a line of its own, so that
// no step moves numbers between lanes.

// What numbers are taken by: whole vectors, or one number.
template <class T>
struct Wide {
  typedef VectorOf<T> V;
};
template <class T>
struct Single {
  typedef T V;
};

// Lines that are transformed side by side.
template <class T>
constexpr int64 LINES = 64 / sizeof(T);

template <class Taken>
struct ComplexOf {
  typename Taken::V re, im;
};

// cos(2 pi n / P) and sin(2 pi n / P).
template <int P>
struct Roots;
template <>
struct Roots<3> {
  static constexpr double COS[3] = {1, -0.5, -0.5};
  static constexpr double SIN[3] = {0, 0.86602540378443864676, -0.86602540378443864676};
};
template <>
struct Roots<5> {
  static constexpr double C1 = 0.30901699437494742410, C2 = -0.80901699437494742410;
  static constexpr double S1 = 0.95105651629515357212, S2 = 0.58778525229247312917;
  static constexpr double COS[5] = {1, C1, C2, C2, C1};
  static constexpr double SIN[5] = {0, S1, S2, -S2, -S1};
};
template <>
struct Roots<7> {
  static constexpr double C1 = 0.62348980185873353053, C2 = -0.22252093395631440429, C3 = -0.90096886790241912624;
  static constexpr double S1 = 0.78183148246802980871, S2 = 0.97492791218182360702, S3 = 0.43388373911755812048;
  static constexpr double COS[7] = {1, C1, C2, C3, C3, C2, C1};
  static constexpr double SIN[7] = {0, S1, S2, S3, -S3, -S2, -S1};
};

template <class T>
INLINE void transformOf(ComplexOf<Wide<T>> (&x)[2]) {
  const ComplexOf<Wide<T>> a = x[0], b = x[1];
  x[0] = {a.re + b.re, a.im + b.im};
  x[1] = {a.re - b.re, a.im - b.im};
}

template <class T>
INLINE void transformOf(ComplexOf<Wide<T>> (&x)[4]) {
  typedef ComplexOf<Wide<T>> Complex;
  const Complex a = {x[0].re + x[2].re, x[0].im + x[2].im}, b = {x[0].re - x[2].re, x[0].im - x[2].im};
  const Complex c = {x[1].re + x[3].re, x[1].im + x[3].im}, d = {x[1].re - x[3].re, x[1].im - x[3].im};
  x[0] = {a.re + c.re, a.im + c.im};
  x[1] = {b.re + d.im, b.im - d.re};
  x[2] = {a.re - c.re, a.im - c.im};
  x[3] = {b.re - d.im, b.im + d.re};
}

// Of an odd prime length: entries n and P - n share their products.
template <class T, int P>
INLINE void transformOf(ComplexOf<Wide<T>> (&x)[P]) {
  typedef ComplexOf<Wide<T>> Complex;
  constexpr int H = P / 2;
  Complex sum[H], difference[H];
  UNROLLED for (int k = 0; k < H; k++) {
    const Complex a = x[k + 1], b = x[P - 1 - k];
    sum[k] = {a.re + b.re, a.im + b.im};
    difference[k] = {a.re - b.re, a.im - b.im};
  }
  const Complex first = x[0];
  UNROLLED for (int k = 0; k < H; k++) x[0] = {x[0].re + sum[k].re, x[0].im + sum[k].im};
  UNROLLED for (int n = 1; n <= H; n++) {
    Complex even = first, odd = {};
    UNROLLED for (int k = 0; k < H; k++) {
      const T c = T(Roots<P>::COS[n * (k + 1) % P]), s = T(Roots<P>::SIN[n * (k + 1) % P]);
      even = {even.re + c * sum[k].re, even.im + c * sum[k].im};
      odd = {odd.re + s * difference[k].im, odd.im - s * difference[k].re};
    }
    x[n] = {even.re + odd.re, even.im + odd.im};
    x[P - n] = {even.re - odd.re, even.im - odd.im};
  }
}

template <class T, int P, bool IS_LAST>
INLINE void combinedRun(const FourierStep<T> &step, int64 q, const T *twiddles) {
  const int64 from = q * step.run, part = step.count * step.run, to = q * P * step.run;
  for (int64 i = 0; i < step.run; i += Lanes<T>::COUNT) {
    ComplexOf<Wide<T>> x[P];
    UNROLLED for (int k = 0; k < P; k++) x[k] = {vectorAt(step.re + from + k * part + i), vectorAt(step.im + from + k * part + i)};
    transformOf<T>(x);
    UNROLLED for (int k = 0; k < P; k++) {
      if (!IS_LAST && k > 0) {
        const T re = twiddles[2 * k - 2], im = twiddles[2 * k - 1];
        x[k] = {re * x[k].re - im * x[k].im, re * x[k].im + im * x[k].re};
      }
      vectorAt(step.outRe + to + k * step.run + i) = x[k].re;
      vectorAt(step.outIm + to + k * step.run + i) = x[k].im;
    }
  }
}

template <class T, int P>
INLINE void combinedBy(const FourierStep<T> &given) {
  const FourierStep<T> step = given;  // a copy, which the compiler need not read again after every write
  if (step.count == 1) return combinedRun<T, P, true>(step, 0, nullptr);
  for (int64 q = 0; q < step.count; q++) combinedRun<T, P, false>(step, q, step.twiddles + q * (P - 1) * 2);
}

template <class T>
INLINE void combined(const FourierStep<T> &step) {
  if (step.radix == 2) combinedBy<T, 2>(step);
  if (step.radix == 3) combinedBy<T, 3>(step);
  if (step.radix == 4) combinedBy<T, 4>(step);
  if (step.radix == 5) combinedBy<T, 5>(step);
  if (step.radix == 7) combinedBy<T, 7>(step);
}

// E and w O of entries k and half - k become both entries of the spectrum, where the packed transform is E + i O.
template <class T>
INLINE void splitAt(const RealSpectrum<T> &s, int64 k, int64 i) {
  typedef ComplexOf<Wide<T>> Complex;
  const int64 other = s.half - k, at = k * LINES<T> + i, mirrored = (k == 0 ? 0 : other) * LINES<T> + i;
  const VectorOf<T> a = vectorAt(s.re + at), b = vectorAt(s.im + at), c = vectorAt(s.re + mirrored), d = vectorAt(s.im + mirrored);
  const T scale = s.scale / 2, re = s.twiddles[2 * k], im = s.twiddles[2 * k + 1];
  const Complex even = {scale * (a + c), scale * (b - d)}, odd = {scale * (b + d), scale * (c - a)};
  const Complex turned = {re * odd.re - im * odd.im, re * odd.im + im * odd.re};
  vectorAt(s.outRe + at) = even.re + turned.re;
  vectorAt(s.outIm + at) = even.im + turned.im;
  vectorAt(s.outRe + other * LINES<T> + i) = even.re - turned.re;
  vectorAt(s.outIm + other * LINES<T> + i) = turned.im - even.im;
}

template <class T>
INLINE void joinAt(const RealSpectrum<T> &s, int64 k, int64 i) {
  typedef ComplexOf<Wide<T>> Complex;
  const int64 other = s.half - k, at = k * LINES<T> + i, mirrored = other * LINES<T> + i;
  const VectorOf<T> a = vectorAt(s.re + at), b = vectorAt(s.im + at), c = vectorAt(s.re + mirrored), d = vectorAt(s.im + mirrored);
  const T scale = s.scale / 2, re = s.twiddles[2 * k], im = s.twiddles[2 * k + 1];
  const Complex even = {scale * (a + c), scale * (b - d)}, turned = {scale * (a - c), scale * (b + d)};
  const Complex odd = {re * turned.re + im * turned.im, re * turned.im - im * turned.re};
  vectorAt(s.outRe + at) = even.re - odd.im;
  vectorAt(s.outIm + at) = even.im + odd.re;
  if (k == 0) return;
  vectorAt(s.outRe + mirrored) = even.re + odd.im;
  vectorAt(s.outIm + mirrored) = odd.re - even.im;
}

template <class T>
INLINE void spectrumSplit(const RealSpectrum<T> &given) {
  const RealSpectrum<T> s = given;
  for (int64 k = 0; 2 * k <= s.half; k++)
    for (int64 i = 0; i < LINES<T>; i += Lanes<T>::COUNT) splitAt<T>(s, k, i);
}
template <class T>
INLINE void spectrumJoined(const RealSpectrum<T> &given) {
  const RealSpectrum<T> s = given;
  for (int64 k = 0; 2 * k <= s.half; k++)
    for (int64 i = 0; i < LINES<T>; i += Lanes<T>::COUNT) joinAt<T>(s, k, i);
}

template <class Taken, class T>
INLINE void complexProductAt(const ComplexProduct<T> &p, int64 i) {
  typedef typename Taken::V V;
  const V re = *(const V *)(p.aRe + i), im = *(const V *)(p.aIm + i), factor = *(const V *)(p.bRe + i);
  V outRe = factor * re, outIm = factor * im;
  if (p.bIm != nullptr) {
    const V turning = *(const V *)(p.bIm + i);
    outRe -= turning * im, outIm += turning * re;
  }
  if (p.isAdded) outRe += *(const V *)(p.re + i), outIm += *(const V *)(p.im + i);
  *(V *)(p.re + i) = outRe;
  *(V *)(p.im + i) = outIm;
}

template <class T>
INLINE void complexProduct(const ComplexProduct<T> &given) {
  const ComplexProduct<T> p = given;
  int64 i = 0;
  for (; i + Lanes<T>::COUNT <= p.count; i += Lanes<T>::COUNT) complexProductAt<Wide<T>>(p, i);
  for (; i < p.count; i++) complexProductAt<Single<T>>(p, i);
}
