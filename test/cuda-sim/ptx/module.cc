#include "module.h"

#include <algorithm>

namespace cudasim {
namespace {

struct TypeRow {
  const char* name;
  Type type;
  int size;
};

constexpr TypeRow TYPES[] = {
    {"pred", Type::Pred, 1}, {"b8", Type::B8, 1},   {"b16", Type::B16, 2}, {"b32", Type::B32, 4}, {"b64", Type::B64, 8},
    {"u8", Type::U8, 1},     {"u16", Type::U16, 2}, {"u32", Type::U32, 4}, {"u64", Type::U64, 8}, {"s8", Type::S8, 1},
    {"s16", Type::S16, 2},   {"s32", Type::S32, 4}, {"s64", Type::S64, 8}, {"f16", Type::F16, 2}, {"f32", Type::F32, 4},
    {"f64", Type::F64, 8},
};

}  // namespace

Type typeNamed(const std::string& name) {
  for (const TypeRow& row : TYPES)
    if (name == row.name) return row.type;
  return Type::None;
}

int sizeOf(Type type) {
  for (const TypeRow& row : TYPES)
    if (type == row.type) return row.size;
  return 0;
}

bool Statement::has(const char* modifier) const {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

const Function* Module::find(const std::string& name) const {
  for (const Function& function : functions)
    if (function.name == name) return &function;
  return nullptr;
}

}  // namespace cudasim
