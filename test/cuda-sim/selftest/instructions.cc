// instructions: single instructions on given bits, with the results that the PTX ISA's text demands. Those that
// compilers seldom make, and the corners of the others. Ends with 0 if all are right.
#include <cstdint>

#include "program.h"

namespace {

// In the text %d, %a, %b, %c are registers of 32 bits, capitals of 64; %p is whether c is not 0; %q is a predicate to
// set.
struct Row {
  const char* text;
  uint64_t a, b, c, expected;
};

constexpr uint64_t ONE = 0x3f800000, TWO = 0x40000000, NAN32 = 0x7fc00000, INF = 0x7f800000, TINY = 0x00000001, NEGATIVE = 0x80000000;
constexpr uint64_t ONE64 = 0x3ff0000000000000, THREE64 = 0x4008000000000000, THIRD64 = 0x3fd5555555555555;
constexpr uint64_t THIRD = 0x3eaaaaab, THREE = 0x40400000;

constexpr Row ROWS[] = {
    // Rounding: a third lies below 0x3eaaaaab and above 0x3eaaaaaa.
    {"div.rn.f32 %d, %a, %b", ONE, THREE, 0, THIRD},
    {"div.rz.f32 %d, %a, %b", ONE, THREE, 0, THIRD - 1},
    {"div.rm.f32 %d, %a, %b", ONE, THREE, 0, THIRD - 1},
    {"div.rp.f32 %d, %a, %b", ONE, THREE, 0, THIRD},
    {"rcp.rn.f64 %D, %A", THREE64, 0, 0, THIRD64},
    {"rcp.rp.f64 %D, %A", THREE64, 0, 0, THIRD64 + 1},
    {"add.rp.f32 %d, %a, %b", ONE, TINY, 0, ONE + 1},
    {"add.rz.f32 %d, %a, %b", ONE, TINY, 0, ONE},
    {"sub.rm.f32 %d, %a, %b", ONE, TINY, 0, ONE - 1},
    {"fma.rm.f32 %d, %a, %a, %b", ONE + 1, NEGATIVE | ONE, 0, 0x34800000},  // 2^-22 + 2^-46, rounded down
    {"fma.rn.f32 %d, %a, %b, %c", TWO, THREE, ONE, 0x40e00000},
    {"mad.f32 %d, %a, %b, %c", TWO, THREE, ONE, 0x40e00000},
    {"sqrt.rp.f32 %d, %a", TWO, 0, 0, 0x3fb504f4},
    {"sqrt.rm.f32 %d, %a", TWO, 0, 0, 0x3fb504f3},
    // Subnormals, saturation, NaN and the signs of zero.
    {"add.f32 %d, %a, %b", TINY, TINY, 0, 2},
    {"add.ftz.f32 %d, %a, %b", TINY, TINY, 0, 0},
    {"mul.ftz.f32 %d, %a, %b", NEGATIVE | TINY, ONE, 0, NEGATIVE},
    {"neg.ftz.f32 %d, %a", TINY, 0, 0, NEGATIVE},
    {"abs.f32 %d, %a", NEGATIVE | THREE, 0, 0, THREE},
    {"add.sat.f32 %d, %a, %b", ONE, ONE, 0, ONE},
    {"fma.rn.sat.f32 %d, %a, %b, %c", NAN32, ONE, ONE, 0},
    {"min.f32 %d, %a, %b", NAN32, THREE, 0, THREE},
    {"max.f32 %d, %a, %b", THREE, NAN32, 0, THREE},
    {"min.f32 %d, %a, %b", 0, NEGATIVE, 0, NEGATIVE},
    {"max.f32 %d, %a, %b", NEGATIVE, 0, 0, 0},
    {"copysign.f32 %d, %a, %b", NEGATIVE, THREE, 0, NEGATIVE | THREE},
    {"ex2.approx.f32 %d, %a", THREE, 0, 0, 0x41000000},
    {"ex2.approx.ftz.f32 %d, %a", 0xc3000000, 0, 0, 0},            // 2^-128 is subnormal
    {"ex2.approx.f32 %d, %a", 0xc3000000, 0, 0, 0x00200000},
    {"lg2.approx.f32 %d, %a", 0, 0, 0, NEGATIVE | INF},
    {"rcp.approx.ftz.f32 %d, %a", TINY, 0, 0, INF},
    {"rcp.approx.ftz.f64 %D, %A", THREE64, 0, 0, 0x3fd5555500000000},
    {"div.full.f32 %d, %a, %b", THREE, TWO, 0, 0x3fc00000},
    {"div.approx.f32 %d, %a, %b", ONE, 0x7f000000, 0, 0},  // by 2^127
    // Comparisons.
    {"setp.lt.f32 %q, %a, %b", NAN32, ONE, 0, 0},
    {"setp.ltu.f32 %q, %a, %b", NAN32, ONE, 0, 1},
    {"setp.ne.f32 %q, %a, %b", NAN32, NAN32, 0, 0},
    {"setp.neu.f32 %q, %a, %b", NAN32, NAN32, 0, 1},
    {"setp.num.f32 %q, %a, %b", NAN32, ONE, 0, 0},
    {"setp.nan.f64 %q, %A, %B", ONE64, THREE64, 0, 0},
    {"setp.eq.ftz.f32 %q, %a, %b", TINY, 0, 0, 1},
    {"setp.lt.s32 %q, %a, %b", 0xffffffff, 1, 0, 1},
    {"setp.lt.u32 %q, %a, %b", 0xffffffff, 1, 0, 0},
    {"setp.hi.u32 %q, %a, %b", 0xffffffff, 1, 0, 1},
    {"setp.gt.and.s32 %q, %a, %b, !%p", 2, 1, 0, 1},
    {"setp.gt.xor.s32 %q, %a, %b, %p", 2, 1, 7, 0},
    {"setp.gt.or.s64 %q|%p, %A, %B, %p", 1, 2, 0, 0},
    {"set.eq.u32.f32 %d, %a, %b", ONE, ONE, 0, 0xffffffff},
    {"set.lt.f32.s32 %d, %a, %b", 1, 2, 0, ONE},
    {"selp.b64 %D, %A, %B, %p", 5, 6, 0, 6},
    {"slct.b32.s32 %d, %a, %b, %c", 5, 6, 0x80000000, 6},
    {"slct.u32.f32 %d, %a, %b, %c", 5, 6, NEGATIVE, 5},  // -0 >= 0
    {"testp.subnormal.f32 %q, %a", TINY, 0, 0, 1},
    {"testp.infinite.f32 %q, %a", INF, 0, 0, 1},
    {"testp.normal.f64 %q, %A", 0, 0, 0, 0},
    // Integers.
    {"div.s32 %d, %a, %b", 0xfffffff9, 2, 0, 0xfffffffd},
    {"rem.s32 %d, %a, %b", 0xfffffff9, 2, 0, 0xffffffff},
    {"div.u32 %d, %a, %b", 7, 0, 0, 0xffffffff},
    {"rem.u64 %D, %A, %B", 1ull << 40, 7, 0, (1ull << 40) % 7},
    {"mul.hi.u64 %D, %A, %B", 1ull << 63, 6, 0, 3},
    {"mul.hi.s32 %d, %a, %b", 0x80000000, 2, 0, 0xffffffff},
    {"mul.wide.s32 %D, %a, %b", 0xffffffff, 3, 0, 0xfffffffffffffffd},
    {"mad.wide.u32 %D, %a, %b, %C", 0xffffffff, 2, 3, 0x200000001},
    {"mad.lo.s32 %d, %a, %b, %c", 5, 0xffffffff, 3, 0xfffffffe},
    {"mad.hi.u32 %d, %a, %b, %c", 0x80000000, 4, 5, 7},
    {"mul24.lo.u32 %d, %a, %b", 0x01000003, 2, 0, 6},
    {"mul24.lo.s32 %d, %a, %b", 0x00ffffff, 2, 0, 0xfffffffe},
    {"sad.s32 %d, %a, %b, %c", 0xfffffffe, 3, 10, 15},
    {"abs.s32 %d, %a", 0xfffffffb, 0, 0, 5},
    {"min.s64 %D, %A, %B", ~0ull, 1, 0, ~0ull},
    {"max.u64 %D, %A, %B", ~0ull, 1, 0, ~0ull},
    {"cnot.b32 %d, %a", 0, 0, 0, 1},
    // Bits.
    {"shl.b32 %d, %a, %b", 1, 32, 0, 0},
    {"shr.s32 %d, %a, %b", 0x80000000, 99, 0, 0xffffffff},
    {"shr.u64 %D, %A, %b", 1ull << 63, 63, 0, 1},
    {"shf.l.wrap.b32 %d, %a, %b, %c", 0x80000000, 1, 33, 3},
    {"shf.r.clamp.b32 %d, %a, %b, %c", 5, 6, 40, 6},
    {"bfe.u32 %d, %a, %b, %c", 0x12345678, 8, 12, 0x456},
    {"bfe.s32 %d, %a, %b, %c", 0x00000f00, 8, 4, 0xffffffff},
    {"bfe.s32 %d, %a, %b, %c", 0x80000000, 28, 16, 0xfffffff8},
    {"bfe.u64 %D, %A, %b, %c", ~0ull, 60, 8, 15},
    {"bfi.b32 %d, %a, %b, 8, 4", 0xff, 0, 0, 0xf00},
    {"prmt.b32 %d, %a, %b, %c", 0x33221100, 0x77665544, 0x7520, 0x77552200},
    {"prmt.b32 %d, %a, %b, %c", 0x00008000, 0, 0x0009, 0x000000ff},
    {"lop3.b32 %d, %a, %b, %c, 0x96", 0xf0, 0xcc, 0xaa, 0x96},
    {"lop3.b32 %d, %a, %b, %c, 0xe8", 0xf0, 0xcc, 0xaa, 0xe8},
    {"brev.b32 %d, %a", 1, 0, 0, 0x80000000},
    {"brev.b64 %D, %A", 2, 0, 0, 1ull << 62},
    {"popc.b64 %d, %A", 0xff00ff, 0, 0, 16},
    {"clz.b64 %d, %A", 1, 0, 0, 63},
    {"clz.b32 %d, %a", 0, 0, 0, 32},
    {"bfind.u32 %d, %a", 0x00800000, 0, 0, 23},
    {"bfind.s32 %d, %a", 0xffffffff, 0, 0, 0xffffffff},
    {"bfind.shiftamt.u64 %d, %A", 1, 0, 0, 63},
    {"xor.b64 %D, %A, %B", 0xff, 0x0f, 0, 0xf0},
    {"not.b64 %D, %A", 0, 0, 0, ~0ull},
    {"and.pred %q, %p, %p", 0, 0, 3, 1},
    // Carries.
    {"add.cc.u32 %d, %a, %b; addc.u32 %d, %c, %c", 0xffffffff, 1, 5, 11},
    {"sub.cc.u32 %d, %a, %b; subc.u32 %d, %c, 0", 0, 1, 5, 4},
    {"mad.lo.cc.u32 %d, %a, %b, %c; madc.hi.u32 %d, %a, %b, 0", 0xffffffff, 2, 2, 2},
    {"add.cc.u64 %D, %A, %B; addc.u64 %D, 0, 0", ~0ull, 1, 0, 1},
    // Conversions.
    {"cvt.rni.s32.f32 %d, %a", 0x40200000, 0, 0, 2},  // 2.5 to even
    {"cvt.rpi.s32.f32 %d, %a", 0x40200000, 0, 0, 3},
    {"cvt.rmi.f32.f32 %d, %a", 0xbf000000, 0, 0, NEGATIVE | ONE},
    {"cvt.rzi.s32.f32 %d, %a", 0x7f000000, 0, 0, 0x7fffffff},
    {"cvt.rzi.u32.f32 %d, %a", NEGATIVE | ONE, 0, 0, 0},
    {"cvt.rzi.s32.f32 %d, %a", NAN32, 0, 0, 0},
    {"cvt.rzi.u64.f64 %D, %A", 0x43f0000000000000, 0, 0, ~0ull},
    {"cvt.rn.f32.f64 %d, %A", THIRD64, 0, 0, THIRD},
    {"cvt.rz.f32.f64 %d, %A", THIRD64, 0, 0, THIRD - 1},
    {"cvt.f64.f32 %D, %a", ONE, 0, 0, ONE64},
    {"cvt.sat.f32.f32 %d, %a", THREE, 0, 0, ONE},
    {"cvt.rn.f32.u32 %d, %a", 0xffffffff, 0, 0, 0x4f800000},
    {"cvt.rz.f32.u64 %d, %A", ~0ull, 0, 0, 0x5f7fffff},
    {"cvt.rn.f16.f32 %d, %a", ONE, 0, 0, 0x3c00},
    {"cvt.f32.f16 %d, %a", 0x3c01, 0, 0, 0x3f802000},
    {"cvt.s64.s32 %D, %a", 0x80000000, 0, 0, 0xffffffff80000000},
    {"cvt.s32.s8 %d, %a", 0x1ff, 0, 0, 0xffffffff},
    {"cvt.u32.u8 %d, %a", 0x1ff, 0, 0, 0xff},
    {"cvt.sat.s8.s32 %d, %a", 1000, 0, 0, 127},
    // Moves.
    {"mov.b64 %D, {%a, %b}", 1, 2, 0, 0x200000001},
    {"mov.b64 {%d, %c}, %A", 0x700000005, 0, 0, 5},
    {"mov.b64 {_, %d}, %A", 0x700000005, 0, 0, 7},
    {"@!%p mov.b32 %d, 9", 0, 0, 0, 9},
    {"@%p mov.b32 %d, 9", 0, 0, 0, 0},
};

std::string literal(uint64_t value) { return std::to_string(static_cast<int64_t>(value)); }

bool isWideResult(const std::string& text) { return text.find("%D") != std::string::npos; }

// A block of its own for each row, with the registers that its text names.
std::string ptxOf(const Row& row, size_t k) {
  const std::string text = row.text, at = "[%out+" + std::to_string(8 * k) + "]";
  std::string made = "{\n.reg .b32 %d, %a, %b, %c;\n.reg .b64 %D, %A, %B, %C;\n.reg .pred %p, %q;\n";
  made += "mov.b64 %A, " + literal(row.a) + ";\nmov.b64 %B, " + literal(row.b) + ";\nmov.b64 %C, " + literal(row.c) + ";\n";
  made += "cvt.u32.u64 %a, %A;\ncvt.u32.u64 %b, %B;\ncvt.u32.u64 %c, %C;\nsetp.ne.u64 %p, %C, 0;\nmov.b32 %d, 0;\nmov.b64 %D, 0;\n";
  made += text + ";\n";
  if (text.find("%q") != std::string::npos) made += "selp.b32 %d, 1, 0, %q;\n";
  if (!isWideResult(text)) made += "cvt.u64.u32 %D, %d;\n";
  return made + "st.global.u64 " + at + ", %D;\n}\n";
}

}  // namespace

int main() {
  std::string text = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry rows(.param .u64 rows_out)\n{\n.reg .b64 %out;\n";
  text += "ld.param.u64 %out, [rows_out];\n";
  for (size_t k = 0; k < std::size(ROWS); k++) text += ptxOf(ROWS[k], k);
  text += "ret;\n}\n";
  Session session;
  char problem[512] = "";
  int options[] = {5, 6};
  void* values[] = {problem, reinterpret_cast<void*>(sizeof problem)};
  if (cuModuleLoadDataEx(&session.module, text.c_str(), 2, options, values) != 0) stop(problem);
  const DevicePtr out = session.allocate(8 * std::size(ROWS));
  CALL(session.launch("rows", 1, 1, 0, out));
  const std::vector<uint64_t> got = session.download<uint64_t>(out, std::size(ROWS));
  int wrong = 0;
  for (size_t k = 0; k < std::size(ROWS); k++)
    if (got[k] != ROWS[k].expected) {
      wrong++;
      std::fprintf(stderr, "%s: expected 0x%llx, got 0x%llx\n", ROWS[k].text, static_cast<unsigned long long>(ROWS[k].expected),
                   static_cast<unsigned long long>(got[k]));
    }
  session.close({out});
  std::printf("%zu rows\n", std::size(ROWS));
  return wrong > 0;
}
