// Sums and differences that set and use the carry, the one bit of state that is no register. Wide integers, as in the
// reduction of great angles, are made of them.
#include "elementwise.h"

namespace cudasim {
namespace {

enum class Kind { Sum, Difference, ProductSum };

template <typename T>
T part(T a, T b, bool high) {
  if (!high) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  if constexpr (sizeof(T) == 8) {
    using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>(static_cast<Wide>(a) * b >> 64);
  } else return static_cast<T>(static_cast<int64_t>(a) * static_cast<int64_t>(b) >> 32);
}

// A difference a - b is the sum a + ~b + 1, and its borrow is the inverse of that sum's carry.
template <Kind K, typename T>
void runCarried(Block& block, const Instruction& in) {
  using U = std::make_unsigned_t<T>;
  const bool takes = in.source->opcode.back() == 'c', gives = in.source->has("cc"), high = in.source->has("hi");
  auto* result = block.row<T>(in, 0);
  const auto *a = block.row<T>(in, 1), *b = block.row<T>(in, 2);
  const auto* c = K == Kind::ProductSum ? block.row<T>(in, 3) : b;
  uint8_t* carry = block.carries();
  block.lanes().each([=](int t) {
    const bool taken = takes && carry[t];
    U x = static_cast<U>(a[t]), y = static_cast<U>(b[t]);
    if (K == Kind::ProductSum) {
      x = static_cast<U>(part(static_cast<T>(a[t]), static_cast<T>(b[t]), high));
      y = static_cast<U>(c[t]);
    }
    const bool isDifference = K == Kind::Difference;
    const U sum = isDifference ? x - y - taken : x + y + taken;
    if (gives) carry[t] = isDifference ? (x < y || (x == y && taken)) : (sum < x || (taken && sum == x));
    result[t] = sum;
  });
}

template <Kind K, typename T>
Semantics carriedIn() {
  if constexpr (K == Kind::ProductSum) return fixed<T, T, T, T>(&runCarried<K, T>);
  else return fixed<T, T, T>(&runCarried<K, T>);
}

template <Kind K>
Semantics carried(const Statement& s) {
  switch (s.type()) {
    case Type::U32: case Type::B32: return carriedIn<K, uint32_t>();
    case Type::S32: return carriedIn<K, int32_t>();
    case Type::U64: case Type::B64: return carriedIn<K, uint64_t>();
    case Type::S64: return carriedIn<K, int64_t>();
    default: return {};
  }
}

constexpr OpcodeRow ROWS[] = {
    {"add.cc", "cc", carried<Kind::Sum>},
    {"addc", "", carried<Kind::Sum>},
    {"addc.cc", "cc", carried<Kind::Sum>},
    {"sub.cc", "cc", carried<Kind::Difference>},
    {"subc", "", carried<Kind::Difference>},
    {"subc.cc", "cc", carried<Kind::Difference>},
    {"mad.cc", "cc lo hi", carried<Kind::ProductSum>},
    {"madc", "lo hi", carried<Kind::ProductSum>},
    {"madc.cc", "cc lo hi", carried<Kind::ProductSum>},
};

}  // namespace

std::span<const OpcodeRow> carryRows() { return ROWS; }

}  // namespace cudasim
