#include "specials.h"

namespace cudasim {
namespace {

uint32_t inWarp(const Standpoint& at) { return static_cast<uint32_t>(at.lane) % 32; }
uint32_t upTo(const Standpoint& at) { return static_cast<uint32_t>((2ull << inWarp(at)) - 1); }  // bits of the lanes up to this one
uint32_t before(const Standpoint& at) { return (1u << inWarp(at)) - 1; }

constexpr SpecialRow ROWS[] = {
    {"%tid.x", [](const Standpoint& at) -> uint64_t { return at.thread.x; }},
    {"%tid.y", [](const Standpoint& at) -> uint64_t { return at.thread.y; }},
    {"%tid.z", [](const Standpoint& at) -> uint64_t { return at.thread.z; }},
    {"%ntid.x", [](const Standpoint& at) -> uint64_t { return at.threadsPerBlock.x; }},
    {"%ntid.y", [](const Standpoint& at) -> uint64_t { return at.threadsPerBlock.y; }},
    {"%ntid.z", [](const Standpoint& at) -> uint64_t { return at.threadsPerBlock.z; }},
    {"%ctaid.x", [](const Standpoint& at) -> uint64_t { return at.block.x; }},
    {"%ctaid.y", [](const Standpoint& at) -> uint64_t { return at.block.y; }},
    {"%ctaid.z", [](const Standpoint& at) -> uint64_t { return at.block.z; }},
    {"%nctaid.x", [](const Standpoint& at) -> uint64_t { return at.blocks.x; }},
    {"%nctaid.y", [](const Standpoint& at) -> uint64_t { return at.blocks.y; }},
    {"%nctaid.z", [](const Standpoint& at) -> uint64_t { return at.blocks.z; }},
    {"%laneid", [](const Standpoint& at) -> uint64_t { return inWarp(at); }},
    {"%warpid", [](const Standpoint& at) -> uint64_t { return static_cast<uint64_t>(at.lane) / 32; }},
    {"%nwarpid", [](const Standpoint& at) -> uint64_t { return (at.threadsPerBlock.count() + 31) / 32; }},
    {"%lanemask_eq", [](const Standpoint& at) -> uint64_t { return 1u << inWarp(at); }},
    {"%lanemask_lt", [](const Standpoint& at) -> uint64_t { return before(at); }},
    {"%lanemask_le", [](const Standpoint& at) -> uint64_t { return upTo(at); }},
    {"%lanemask_gt", [](const Standpoint& at) -> uint64_t { return ~upTo(at); }},
    {"%lanemask_ge", [](const Standpoint& at) -> uint64_t { return ~before(at); }},
    {"WARP_SZ", [](const Standpoint&) -> uint64_t { return 32; }},
};

}  // namespace

const SpecialRow* specialNamed(const std::string& name) {
  for (const SpecialRow& row : ROWS)
    if (name == row.name) return &row;
  return nullptr;
}

Dim threadOf(int lane, Dim block) {
  const auto t = static_cast<unsigned>(lane);
  return {t % block.x, t / block.x % block.y, t / (block.x * block.y)};
}

}  // namespace cudasim
