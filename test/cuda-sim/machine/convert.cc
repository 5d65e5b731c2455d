// Conversions between all pairs of types: to an integer with saturation, to a float with one rounding.
#include "elementwise.h"

namespace cudasim {
namespace {

using Half = _Float16;

// The value of a source cell, in a type that holds all of its kind.
template <typename S>
auto valueOf(uint64_t cell) {
  if constexpr (std::is_same_v<S, Half>) return static_cast<double>(std::bit_cast<Half>(static_cast<uint16_t>(cell)));
  else if constexpr (std::is_floating_point_v<S>) return static_cast<double>(fromCell<S>(static_cast<CellOf<S>>(cell)));
  else if constexpr (std::is_signed_v<S>) return static_cast<int64_t>(static_cast<S>(cell));
  else return static_cast<uint64_t>(static_cast<S>(cell));
}

enum class ToInteger : uint8_t { No, Nearest, Zero, Down, Up };

ToInteger integerRounding(const Statement& s) {
  for (const auto& [name, how] : {std::pair{"rni", ToInteger::Nearest}, {"rzi", ToInteger::Zero}, {"rmi", ToInteger::Down}, {"rpi", ToInteger::Up}})
    if (s.has(name)) return how;
  return ToInteger::No;
}

double rounded(double x, ToInteger how) {
  switch (how) {
    case ToInteger::Nearest: return std::nearbyint(x);
    case ToInteger::Zero: return std::trunc(x);
    case ToInteger::Down: return std::floor(x);
    case ToInteger::Up: return std::ceil(x);
    default: return x;
  }
}

// Out of range gives the nearest bound, NaN gives 0.
template <typename D>
D toInteger(double x) {
  constexpr D least = std::numeric_limits<D>::min(), most = std::numeric_limits<D>::max();
  if (x != x) return 0;
  if (x <= static_cast<double>(least)) return least;
  const double beyond = std::ldexp(1.0, std::numeric_limits<D>::digits);
  return x >= beyond ? most : static_cast<D>(x);
}

template <typename D, typename V>
D clamped(V x) {
  constexpr __int128 least = std::numeric_limits<D>::min(), most = std::numeric_limits<D>::max();
  return static_cast<D>(std::min<__int128>(std::max<__int128>(x, least), most));
}

struct Options {
  ToInteger integer;
  bool ftz, sat;
};

template <typename D, typename V>
uint64_t converted(V x, Options options) {
  if constexpr (std::is_same_v<D, Half>) return std::bit_cast<uint16_t>(static_cast<Half>(x));
  else if constexpr (std::is_floating_point_v<D>) {
    D result = static_cast<D>(x);
    if (options.sat) result = result > 0 ? (result < 1 ? result : D{1}) : D{0};
    if constexpr (std::is_same_v<D, float>)
      if (options.ftz) result = flushed(result);
    return toCell(result);
  } else if constexpr (std::is_floating_point_v<V>) return static_cast<uint64_t>(static_cast<int64_t>(toInteger<D>(x)));
  else return static_cast<uint64_t>(static_cast<int64_t>(options.sat ? clamped<D>(x) : static_cast<D>(x)));
}

// A result that is shorter than its register is extended as its type has it.
template <typename D>
uint64_t fitted(uint64_t result, bool wide) {
  if constexpr (std::is_same_v<D, Half>) return result;
  else if constexpr (std::is_integral_v<D> && !std::is_signed_v<D>) return static_cast<D>(result);
  else return wide || sizeof(D) == 8 ? result : static_cast<uint32_t>(result);
}

template <typename D, typename S>
void runConvert(Block& block, const Instruction& in) {
  const Statement& s = *in.source;
  const Options options{integerRounding(s), s.has("ftz"), s.has("sat")};
  const bool wide = in.isWide(0);
  block.lanes().each([&](int t) {
    auto x = valueOf<S>(block.read(in, 1, t));
    if constexpr (std::is_same_v<decltype(x), double>) {
      if (std::is_same_v<S, float> && options.ftz) x = flushed(static_cast<float>(x));
      x = rounded(x, options.integer);
    }
    block.write(in, 0, t, fitted<D>(converted<D>(x, options), wide));
  });
}

template <typename D, typename S>
Semantics conversion(const Statement& s) {
  return {isDirected(s) ? &runRounded<&runConvert<D, S>> : &runConvert<D, S>, {}, 0, 2};
}

template <typename D>
Semantics conversionTo(const Statement& s) {
  switch (s.type(1)) {
    case Type::U8: case Type::B8: return conversion<D, uint8_t>(s);
    case Type::S8: return conversion<D, int8_t>(s);
    case Type::U16: return conversion<D, uint16_t>(s);
    case Type::S16: return conversion<D, int16_t>(s);
    case Type::U32: return conversion<D, uint32_t>(s);
    case Type::S32: return conversion<D, int32_t>(s);
    case Type::U64: return conversion<D, uint64_t>(s);
    case Type::S64: return conversion<D, int64_t>(s);
    case Type::F16: return conversion<D, Half>(s);
    case Type::F32: return conversion<D, float>(s);
    case Type::F64: return conversion<D, double>(s);
    default: return {};
  }
}

Semantics convert(const Statement& s) {
  switch (s.type()) {
    case Type::U8: return conversionTo<uint8_t>(s);
    case Type::S8: return conversionTo<int8_t>(s);
    case Type::U16: return conversionTo<uint16_t>(s);
    case Type::S16: return conversionTo<int16_t>(s);
    case Type::U32: return conversionTo<uint32_t>(s);
    case Type::S32: return conversionTo<int32_t>(s);
    case Type::U64: return conversionTo<uint64_t>(s);
    case Type::S64: return conversionTo<int64_t>(s);
    case Type::F16: return conversionTo<Half>(s);
    case Type::F32: return conversionTo<float>(s);
    case Type::F64: return conversionTo<double>(s);
    default: return {};
  }
}

constexpr OpcodeRow ROWS[] = {{"cvt", "rn rz rm rp rni rzi rmi rpi ftz sat", convert}};

}  // namespace

std::span<const OpcodeRow> convertRows() { return ROWS; }

}  // namespace cudasim
