// Arithmetic: one row per opcode, one line of C++ each. Compiled without contraction and with wrapping integers.
#include "elementwise.h"

namespace cudasim {
namespace {

// Integer products twice as wide as their factors.
template <typename T>
struct Twice;
template <> struct Twice<uint16_t> { using type = uint32_t; };
template <> struct Twice<int16_t> { using type = int32_t; };
template <> struct Twice<uint32_t> { using type = uint64_t; };
template <> struct Twice<int32_t> { using type = int64_t; };
template <> struct Twice<uint64_t> { using type = unsigned __int128; };
template <> struct Twice<int64_t> { using type = __int128; };
template <typename T>
using Double = typename Twice<T>::type;

template <typename T>
T high(T a, T b) {
  return static_cast<T>(static_cast<Double<T>>(a) * b >> (8 * sizeof(T)));
}

// NaN only if both are; -0 is less than +0.
constexpr auto least = [](auto a, auto b) -> decltype(a) {
  if constexpr (std::is_floating_point_v<decltype(a)>) {
    if (a == b) return std::signbit(a) ? a : b;
    return a < b || b != b ? a : b;
  } else return a < b ? a : b;
};
constexpr auto greatest = [](auto a, auto b) -> decltype(a) {
  if constexpr (std::is_floating_point_v<decltype(a)>) {
    if (a == b) return std::signbit(a) ? b : a;
    return a > b || b != b ? a : b;
  } else return a > b ? a : b;
};
template <auto F>  // .NaN: NaN if either is
constexpr auto orNaN = [](auto a, auto b) { return a != a ? a : b != b ? b : F(a, b); };

template <auto F>
Semantics extremum(const Statement& s) {
  return s.has("NaN") ? floating<orNaN<F>, 2>(s) : number<F, 2>(s);
}

constexpr auto product = [](auto a, auto b) { return a * b; };
constexpr auto lowProduct = [](auto a, auto b) { return static_cast<uint64_t>(a) * static_cast<uint64_t>(b); };
constexpr auto highProduct = [](auto a, auto b) { return high(a, b); };
constexpr auto fused = [](auto a, auto b, auto c) { return std::fma(a, b, c); };

template <typename T>
Semantics wideProduct(bool adds) {
  using D = Double<T>;
  constexpr auto multiply = [](T a, T b) { return static_cast<D>(a) * b; };
  constexpr auto multiplyAdd = [](T a, T b, D c) { return static_cast<D>(a) * b + c; };
  return adds ? elementwise<multiplyAdd, D, T, T, D>() : elementwise<multiply, D, T, T>();
}

Semantics wide(const Statement& s, bool adds) {
  switch (s.type()) {
    case Type::U16: return wideProduct<uint16_t>(adds);
    case Type::S16: return wideProduct<int16_t>(adds);
    case Type::U32: return wideProduct<uint32_t>(adds);
    case Type::S32: return wideProduct<int32_t>(adds);
    default: return {};
  }
}

Semantics multiply(const Statement& s) {
  if (s.has("wide")) return wide(s, false);
  if (s.has("hi")) return integer<highProduct, 2>(s);
  return s.has("lo") ? integer<lowProduct, 2>(s) : floating<product, 2>(s);
}

constexpr auto lowProductSum = [](auto a, auto b, auto c) { return lowProduct(a, b) + static_cast<uint64_t>(c); };
constexpr auto highProductSum = [](auto a, auto b, auto c) { return static_cast<decltype(c)>(high(a, b) + c); };

Semantics multiplyAdd(const Statement& s) {
  if (s.has("wide")) return wide(s, true);
  if (s.has("hi")) return integer<highProductSum, 3>(s);
  return s.has("lo") ? integer<lowProductSum, 3>(s) : floating<fused, 3>(s);  // mad.f32 is fma.f32 since sm_20
}

// By zero every bit is set, as the hardware has it; the least number by -1 is itself.
constexpr auto quotient = [](auto a, auto b) -> decltype(a) {
  if constexpr (std::is_floating_point_v<decltype(a)>) return a / b;
  else if (b == 0) return static_cast<decltype(a)>(-1);
  else if (std::is_signed_v<decltype(a)> && b == static_cast<decltype(b)>(-1)) return static_cast<decltype(a)>(0 - a);
  else return static_cast<decltype(a)>(a / b);
};
constexpr auto remainder = [](auto a, auto b) -> decltype(a) {
  if (b == 0) return a;
  if (std::is_signed_v<decltype(a)> && b == static_cast<decltype(b)>(-1)) return 0;
  return static_cast<decltype(a)>(a % b);
};

constexpr auto sum = [](auto a, auto b) { return a + b; };
constexpr auto difference = [](auto a, auto b) { return a - b; };
constexpr auto negative = [](auto a) { return static_cast<decltype(a)>(-a); };

constexpr auto absolute = [](auto a) {
  if constexpr (std::is_floating_point_v<decltype(a)>) return std::fabs(a);
  else return a < 0 ? static_cast<decltype(a)>(0 - a) : a;
};
constexpr auto root = [](auto a) { return std::sqrt(a); };
constexpr auto reciprocal = [](auto a) { return 1 / a; };
constexpr auto signFrom = [](auto a, auto b) { return std::copysign(b, a); };
constexpr auto distancePlus = [](auto a, auto b, auto c) { return static_cast<decltype(c)>((a > b ? a - b : b - a) + c); };

constexpr auto cut = [](auto a) { return static_cast<decltype(a)>(a << 8) >> 8; };  // to 24 bits

template <bool Adds>
Semantics of24Bits(const Statement& s) {
  if (!s.has("lo")) return {};
  constexpr auto multiply = [](auto a, auto b) { return cut(a) * cut(b); };
  constexpr auto multiplyAdd = [](auto a, auto b, auto c) { return cut(a) * cut(b) + c; };
  if (s.type() == Type::U32) return Adds ? uniform<multiplyAdd, uint32_t, 3>() : uniform<multiply, uint32_t, 2>();
  if (s.type() == Type::S32) return Adds ? uniform<multiplyAdd, int32_t, 3>() : uniform<multiply, int32_t, 2>();
  return {};
}

constexpr OpcodeRow ROWS[] = {
    {"add", "rn rz rm rp ftz sat", number<sum, 2>},
    {"sub", "rn rz rm rp ftz sat", number<difference, 2>},
    {"mul", "rn rz rm rp ftz sat lo hi wide", multiply},
    {"mad", "rn rz rm rp ftz sat lo hi wide", multiplyAdd},
    {"fma", "rn rz rm rp ftz sat", floating<fused, 3>},
    {"mul24", "lo", of24Bits<false>},
    {"mad24", "lo", of24Bits<true>},
    {"div", "rn rz rm rp ftz", number<quotient, 2>},
    {"rem", "", integer<remainder, 2>},
    {"sqrt", "rn rz rm rp ftz", floating<root, 1>},
    {"rcp", "rn rz rm rp ftz", floating<reciprocal, 1>},
    {"neg", "ftz", number<negative, 1>},
    {"abs", "ftz", number<absolute, 1>},
    {"min", "ftz NaN", extremum<least>},
    {"max", "ftz NaN", extremum<greatest>},
    {"copysign", "", floating<signFrom, 2>},
    {"sad", "", integer<distancePlus, 3>},
};

}  // namespace

std::span<const OpcodeRow> arithmeticRows() { return ROWS; }

}  // namespace cudasim
