// Bits: logic, shifts, fields, permutations, counts; and sums with a carry, from which wide integers are made.
#include "elementwise.h"

namespace cudasim {
namespace {

template <typename T>
constexpr unsigned widthOf = 8 * sizeof(T);

// Shifts take an amount of 32 bits, and beyond the width nothing, or the sign, is left.
constexpr auto shiftLeft = [](auto a, uint32_t by) {
  return by >= widthOf<decltype(a)> ? decltype(a){0} : static_cast<decltype(a)>(a << by);
};
constexpr auto shiftRight = [](auto a, uint32_t by) {
  if (by < widthOf<decltype(a)>) return static_cast<decltype(a)>(a >> by);
  return static_cast<decltype(a)>(a < 0 ? -1 : 0);
};

template <auto F, typename T>
Semantics shiftOf() {
  return elementwise<F, T, T, uint32_t>();
}

template <auto F>
Semantics shift(const Statement& s) {
  switch (s.type()) {
    case Type::B16: case Type::U16: return shiftOf<F, uint16_t>();
    case Type::B32: case Type::U32: return shiftOf<F, uint32_t>();
    case Type::B64: case Type::U64: return shiftOf<F, uint64_t>();
    case Type::S16: return shiftOf<F, int16_t>();
    case Type::S32: return shiftOf<F, int32_t>();
    case Type::S64: return shiftOf<F, int64_t>();
    default: return {};
  }
}

// shf: 32 bits out of the 64 of (b, a).
template <bool Left, bool Wraps>
constexpr auto funnel = [](uint32_t a, uint32_t b, uint32_t c) {
  const uint64_t both = static_cast<uint64_t>(b) << 32 | a;
  const uint32_t by = Wraps ? c & 31 : c < 32 ? c : 32;
  return static_cast<uint32_t>(Left ? (both << by) >> 32 : both >> by);
};

Semantics funnelShift(const Statement& s) {
  if (s.has("l")) return s.has("wrap") ? uniform<funnel<true, true>, uint32_t, 3>() : uniform<funnel<true, false>, uint32_t, 3>();
  return s.has("wrap") ? uniform<funnel<false, true>, uint32_t, 3>() : uniform<funnel<false, false>, uint32_t, 3>();
}

template <typename T>
T maskOf(uint32_t length) {
  return length >= widthOf<T> ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << length) - 1);
}

// A field that ends beyond the word is filled with zeros, or with the word's sign.
template <typename T>
constexpr auto extract = [](T a, uint32_t position, uint32_t length) -> T {
  using U = std::make_unsigned_t<T>;
  position &= 0xff;
  length &= 0xff;
  if (length == 0) return 0;
  const bool isNegative = std::is_signed_v<T> && (a >> std::min(position + length - 1, widthOf<T> - 1) & 1);
  const U field = position >= widthOf<T> ? (isNegative ? ~U{0} : U{0}) : static_cast<U>(a >> position);
  const U mask = maskOf<U>(length);
  return static_cast<T>(isNegative ? field | static_cast<U>(~mask) : field & mask);
};

Semantics extractField(const Statement& s) {
  switch (s.type()) {
    case Type::U32: return elementwise<extract<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t>();
    case Type::S32: return elementwise<extract<int32_t>, int32_t, int32_t, uint32_t, uint32_t>();
    case Type::U64: return elementwise<extract<uint64_t>, uint64_t, uint64_t, uint32_t, uint32_t>();
    case Type::S64: return elementwise<extract<int64_t>, int64_t, int64_t, uint32_t, uint32_t>();
    default: return {};
  }
}

template <typename T>
constexpr auto insert = [](T from, T into, uint32_t position, uint32_t length) -> T {
  position &= 0xff;
  if (position >= widthOf<T>) return into;
  const T mask = static_cast<T>(maskOf<T>(length & 0xff) << position);
  return (into & ~mask) | (static_cast<T>(from << position) & mask);
};

Semantics insertField(const Statement& s) {
  if (s.type() == Type::B32) return elementwise<insert<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>();
  if (s.type() == Type::B64) return elementwise<insert<uint64_t>, uint64_t, uint64_t, uint64_t, uint32_t, uint32_t>();
  return {};
}

// prmt: each of four selectors picks a byte of (b, a), or with its top bit that byte's sign.
constexpr auto permute = [](uint32_t a, uint32_t b, uint32_t selectors) {
  const uint64_t both = static_cast<uint64_t>(b) << 32 | a;
  uint32_t result = 0;
  for (int k = 0; k < 4; k++) {
    const uint32_t selector = selectors >> (4 * k) & 15;
    uint32_t byte = both >> (8 * (selector & 7)) & 0xff;
    if (selector & 8) byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * k);
  }
  return result;
};

constexpr auto logic3 = [](uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (int k = 0; k < 8; k++)
    if (table >> k & 1) result |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
  return result;
};

constexpr auto reversed = [](auto a) {
  decltype(a) result = 0;
  for (unsigned k = 0; k < widthOf<decltype(a)>; k++) result |= (a >> k & 1) << (widthOf<decltype(a)> - 1 - k);
  return result;
};

// Counts give 32 bits whatever they count in.
template <auto F>
Semantics count(const Statement& s) {
  switch (sizeOf(s.type())) {
    case 4: return elementwise<F, uint32_t, uint32_t>();
    case 8: return elementwise<F, uint32_t, uint64_t>();
    default: return {};
  }
}

// The place of the first bit, from the top, that is not the sign's; all bits set if there is none.
template <bool AsShift>
constexpr auto findTop = [](auto a) -> uint32_t {
  using T = decltype(a);
  using U = std::make_unsigned_t<T>;
  const U bits = static_cast<U>(a < 0 ? ~a : a);
  if (bits == 0) return ~0u;
  const auto zeros = static_cast<uint32_t>(std::countl_zero(bits));
  return AsShift ? zeros : widthOf<T> - 1 - zeros;
};

template <auto F>
Semantics topOf(const Statement& s) {
  switch (s.type()) {
    case Type::U32: return elementwise<F, uint32_t, uint32_t>();
    case Type::S32: return elementwise<F, uint32_t, int32_t>();
    case Type::U64: return elementwise<F, uint32_t, uint64_t>();
    case Type::S64: return elementwise<F, uint32_t, int64_t>();
    default: return {};
  }
}

Semantics top(const Statement& s) { return s.has("shiftamt") ? topOf<findTop<true>>(s) : topOf<findTop<false>>(s); }

constexpr auto conjunction = [](auto a, auto b) { return a & b; };
constexpr auto disjunction = [](auto a, auto b) { return a | b; };
constexpr auto exclusive = [](auto a, auto b) { return a ^ b; };
constexpr auto complement = [](auto a) {
  if constexpr (std::is_same_v<decltype(a), bool>) return !a;
  else return ~a;
};
constexpr auto isZero = [](auto a) { return a == 0; };
constexpr auto ones = [](auto a) { return std::popcount(a); };
constexpr auto leadingZeros = [](auto a) { return std::countl_zero(a); };

constexpr OpcodeRow ROWS[] = {
    {"and", "", bits<conjunction, 2>},
    {"or", "", bits<disjunction, 2>},
    {"xor", "", bits<exclusive, 2>},
    {"not", "", bits<complement, 1>},
    {"cnot", "", bits<isZero, 1>},
    {"shl", "", shift<shiftLeft>},
    {"shr", "", shift<shiftRight>},
    {"shf", "l r wrap clamp", funnelShift},
    {"bfe", "", extractField},
    {"bfi", "", insertField},
    {"prmt", "", [](const Statement&) { return uniform<permute, uint32_t, 3>(); }},
    {"lop3", "", [](const Statement&) { return uniform<logic3, uint32_t, 4>(); }},
    {"brev", "", bits<reversed, 1>},
    {"popc", "", count<ones>},
    {"clz", "", count<leadingZeros>},
    {"bfind", "shiftamt", top},
};

}  // namespace

std::span<const OpcodeRow> bitRows() { return ROWS; }

}  // namespace cudasim
