#include "block.h"

#include <algorithm>
#include <cstring>

#include "errors.h"

namespace cudasim {
namespace {

constexpr uint32_t NOBODY = UINT32_MAX;
constexpr size_t LANES_APART = 16;  // rows start on whole cache lines, which vector loads like

std::string place(Dim d) { return "(" + std::to_string(d.x) + ", " + std::to_string(d.y) + ", " + std::to_string(d.z) + ")"; }

}  // namespace

Block::Block(const Program& program, const Launch& launch, DeviceMemory& memory, Statistics& statistics)
    : statistics(statistics),
      launch(launch),
      shared(launch.dynamicShared > 0 ? program.dynamicSharedAt + launch.dynamicShared : program.staticShared,
             static_cast<int>(launch.block.count()), launch.checkRaces),
      program_(program),
      memory_(memory),
      threads_(static_cast<int>(launch.block.count())),
      stride_((static_cast<size_t>(threads_) + LANES_APART - 1) / LANES_APART * LANES_APART),
      local_(program.localSize * static_cast<size_t>(threads_)),
      parameters_(program.threadParameterSize * static_cast<size_t>(threads_)),
      carries_(static_cast<size_t>(threads_)),
      pcs_(static_cast<size_t>(threads_)),
      state_(static_cast<size_t>(threads_)) {
  const size_t bytes = std::max<size_t>(program.units, 1) * stride_ * sizeof(uint32_t);
  file_.reset(static_cast<uint32_t*>(std::aligned_alloc(64, bytes)));
  std::memset(file_.get(), 0xff, bytes);  // a register that is read before it is written holds NaN or -1
  group_.list.resize(static_cast<size_t>(threads_));
  guarded_.list.resize(static_cast<size_t>(threads_));
  fillRows();
}

void Block::fillRows() {
  for (const Program::Constant& constant : program_.constants) {
    uint32_t* row = unit(constant.unit);
    if (constant.wide) std::fill_n(reinterpret_cast<uint64_t*>(row), threads_, constant.bits);
    else std::fill_n(row, threads_, static_cast<uint32_t>(constant.bits));
  }
}

void Block::fillSpecial(const Program::Special& special, Dim index) {
  uint32_t* row = unit(special.unit);
  for (int t = 0; t < threads_; t++) {
    const uint64_t value = special.row->value({t, threadOf(t, launch.block), index, launch.block, launch.grid});
    if (special.wide) reinterpret_cast<uint64_t*>(row)[t] = value;
    else row[t] = static_cast<uint32_t>(value);
  }
}

void Block::start(Dim index) {
  for (const Program::Special& special : program_.specials) fillSpecial(special, index);
  std::fill(pcs_.begin(), pcs_.end(), program_.entry);
  std::fill(state_.begin(), state_.end(), State::Ready);
  exited_ = 0;
  shared.startBlock();
}

void Block::run(Dim index) {
  start(index);
  try {
    while (exited_ < threads_)
      if (gather()) runGroup();
      else releaseBarrier();
  } catch (Fault& fault) {
    const Statement& at = *program_.code[pc_].source;
    fault.message += "; kernel " + program_.name + ", block " + place(index) + ", thread " +
                     place(threadOf(fault.lane, launch.block)) + ", PTX line " + std::to_string(at.line) + ": " + at.text;
    throw;
  }
}

// Forms the group that stands furthest back. False if nobody is ready: all wait, or have left.
bool Block::gather() {
  pc_ = others_ = NOBODY;
  for (int t = 0; t < threads_; t++)
    if (state_[static_cast<size_t>(t)] == State::Ready) pc_ = std::min(pc_, pcs_[static_cast<size_t>(t)]);
  if (pc_ == NOBODY) return false;
  group_.count = 0;
  for (int t = 0; t < threads_; t++) {
    const auto lane = static_cast<size_t>(t);
    if (state_[lane] != State::Ready) continue;
    if (pcs_[lane] == pc_) group_.list[static_cast<size_t>(group_.count++)] = t;
    else others_ = std::min(others_, pcs_[lane]);
  }
  group_.all = group_.count == threads_;
  return true;
}

// Until the group splits, waits, ends, or reaches threads outside it.
void Block::runGroup() {
  for (bool together = true; together;) {
    const Instruction& in = program_.code[pc_];
    statistics.instructions += static_cast<uint64_t>(group_.count);
    if (in.flow != Flow::Next) together = steer(in);
    else {
      if (applyGuard(in)) in.run(*this, in);
      together = goOn(pc_ + 1);
    }
  }
}

bool Block::goOn(uint32_t pc) {
  pc_ = pc;
  if (pc < others_) return true;
  scatter(pc);
  return false;
}

void Block::scatter(uint32_t pc) {
  group_.each([&](int t) { pcs_[static_cast<size_t>(t)] = pc; });
}

bool Block::guardHolds(const Instruction& in, int lane) {
  return in.guard < 0 || (unit(static_cast<uint32_t>(in.guard))[lane] != 0) != in.unless;
}

// Makes the threads whose guard holds the active ones. False if there are none.
bool Block::applyGuard(const Instruction& in) {
  active_ = &group_;
  if (in.guard < 0) return true;
  guarded_.count = 0;
  group_.each([&](int t) {
    if (guardHolds(in, t)) guarded_.list[static_cast<size_t>(guarded_.count++)] = t;
  });
  guarded_.all = guarded_.count == threads_;
  if (guarded_.count < group_.count) active_ = &guarded_;
  return guarded_.count > 0;
}

// An instruction that decides where threads go on. True if the group stays together and goes on at pc_.
bool Block::steer(const Instruction& in) {
  if (in.flow == Flow::Branch) return branch(in);
  if (!applyGuard(in)) return goOn(in.flow == Flow::Call ? pc_ + 2 : pc_ + 1);
  switch (in.flow) {
    case Flow::CallResult: fetchResults(in); return goOn(pc_ + 1);
    case Flow::Trap: throw Fault{LAUNCH_FAILED, active_->first(), "trap"};
    default: break;
  }
  scatter(in.flow == Flow::Call ? pc_ + 2 : pc_ + 1);  // those whose guard does not hold
  switch (in.flow) {
    case Flow::BranchTable: branchTable(in); break;
    case Flow::Call: call(in); break;
    case Flow::Return: comeBack(in); break;
    case Flow::Exit: exit(in); break;
    default: wait(in); break;
  }
  return false;
}

bool Block::branch(const Instruction& in) {
  if (!applyGuard(in)) return goOn(pc_ + 1);
  if (active_ == &group_) return goOn(in.target);
  scatter(pc_ + 1);
  guarded_.each([&](int t) { pcs_[static_cast<size_t>(t)] = in.target; });
  return false;
}

void Block::branchTable(const Instruction& in) {
  const std::vector<uint32_t>& table = program_.branchTables[in.mode];
  const uint32_t* index = row<uint32_t>(in, 0);
  active_->each([&](int t) {
    if (index[t] >= table.size()) throw Fault{LAUNCH_FAILED, t, "brx.idx past the end of its list of targets"};
    pcs_[static_cast<size_t>(t)] = table[index[t]];
  });
}

void Block::call(const Instruction& in) {
  const CallSite& site = program_.calls[in.mode];
  uint32_t* back = unit(site.returnRow);
  active_->each([&](int t) {
    for (const CopiedParameter& copy : site.arguments)
      std::memcpy(locateParameter(copy.to, t, copy.size, Use::Store), locateParameter(copy.from, t, copy.size, Use::Load), copy.size);
    back[t] = pc_ + 1;
    pcs_[static_cast<size_t>(t)] = in.target;
  });
}

void Block::fetchResults(const Instruction& in) {
  active_->each([&](int t) {
    for (const CopiedParameter& copy : program_.calls[in.mode].results)
      std::memcpy(locateParameter(copy.to, t, copy.size, Use::Store), locateParameter(copy.from, t, copy.size, Use::Load), copy.size);
  });
}

void Block::comeBack(const Instruction& in) {
  const uint32_t* back = row<uint32_t>(in, 0);
  active_->each([&](int t) { pcs_[static_cast<size_t>(t)] = back[t]; });
}

void Block::exit(const Instruction&) {
  active_->each([&](int t) { state_[static_cast<size_t>(t)] = State::Exited; });
  exited_ += active_->count;
}

void Block::wait(const Instruction&) {
  active_->each([&](int t) {
    state_[static_cast<size_t>(t)] = State::Waiting;
    pcs_[static_cast<size_t>(t)] = pc_;
  });
}

// All threads that are left wait. They must wait at one barrier, and nobody may have left: real hardware may hang, or
// may not.
void Block::releaseBarrier() {
  const auto first = std::find(state_.begin(), state_.end(), State::Waiting) - state_.begin();
  pc_ = pcs_[static_cast<size_t>(first)];
  if (exited_ > 0)
    throw Fault{LAUNCH_FAILED, static_cast<int>(first), "barrier after " + std::to_string(exited_) + " threads of the block have left"};
  for (int t = 0; t < threads_; t++)
    if (pcs_[static_cast<size_t>(t)] != pc_)
      throw Fault{LAUNCH_FAILED, t, "threads of one block wait at different barriers: thread " + std::to_string(t) + " at PTX line " +
                                        std::to_string(program_.code[pcs_[static_cast<size_t>(t)]].source->line)};
  const Instruction& in = program_.code[pc_];
  if (in.flow == Flow::BarrierReduce) reduce(in);
  std::fill(state_.begin(), state_.end(), State::Ready);
  std::fill(pcs_.begin(), pcs_.end(), pc_ + 1);
  shared.barrier();
  statistics.barriers++;
}

// barrier.red: every thread gets how many, or whether any or all, brought a true predicate.
void Block::reduce(const Instruction& in) {
  const uint32_t* predicate = row<bool>(in, in.rowCount - 1);
  const bool inverted = in.negated >> (in.rowCount - 1) & 1;
  uint32_t count = 0;
  for (int t = 0; t < threads_; t++) count += (predicate[t] != 0) != inverted;
  const Statement& source = *in.source;
  const uint32_t result = source.has("popc") ? count : source.has("and") ? count == static_cast<uint32_t>(threads_) : count > 0;
  std::fill_n(row<uint32_t>(in, 0), threads_, result);
}

uint8_t* Block::locate(const Instruction& in, int k, int lane, unsigned size, Use use) {
  uint64_t address = addressOf(in, k, lane);
  Space space = in.space;
  if (space == Space::Generic) {
    const uint64_t window = address / WINDOW_SIZE * WINDOW_SIZE;
    space = window == SHARED_WINDOW  ? Space::Shared
            : window == LOCAL_WINDOW ? Space::Local
            : window == PARAM_WINDOW ? Space::Param
                                     : Space::Global;
    if (space != Space::Global) address -= window;
  }
  checkAlignment(address, size, lane);
  switch (space) {
    case Space::Shared: return shared.access(address, size, lane, use);
    case Space::Param: return locateParameter(address, lane, size, use);
    case Space::Local:
      if (address > program_.localSize || size > program_.localSize - address)
        throw Fault{ILLEGAL_ADDRESS, lane, "byte " + std::to_string(address) + " of " + std::to_string(program_.localSize) +
                                               " bytes of local memory"};
      return local_.data() + static_cast<size_t>(lane) * program_.localSize + address;
    default: return memory_.access(cache_, address, size, lane, use);
  }
}

uint8_t* Block::locateForAll(const Instruction& in, int k, unsigned size) {
  const int first = lanes().first();
  const uint64_t address = addressOf(in, k, first);
  checkAlignment(address, size, first);
  return shared.broadcast(address, size, first, lanes().last());
}

void Block::checkAlignment(uint64_t address, unsigned size, int lane) const {
  if (address % size == 0) return;
  throw Fault{MISALIGNED_ADDRESS, lane, "an access of " + std::to_string(size) + " bytes at address " + std::to_string(address) +
                                            ", which is no multiple of them"};
}

uint8_t* Block::locateParameter(uint64_t address, int lane, uint64_t size, Use use) {
  const bool ofThread = address >= THREAD_PARAMETERS;
  const uint64_t offset = ofThread ? address - THREAD_PARAMETERS : address;
  const uint64_t end = ofThread ? program_.threadParameterSize : program_.parameterSize;
  if (offset > end || size > end - offset || (!ofThread && use != Use::Load))
    throw Fault{ILLEGAL_ADDRESS, lane, "byte " + std::to_string(offset) + " of " + std::to_string(end) + " bytes of parameters"};
  if (ofThread) return parameters_.data() + static_cast<size_t>(lane) * end + offset;
  return const_cast<uint8_t*>(launch.parameters.data()) + offset;
}

double Block::nudge() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  constexpr double TWO_ULP = 0x1p-22;
  return 1 + TWO_ULP * (static_cast<double>(random_ >> 11) * 0x1p-52 - 1);
}

}  // namespace cudasim
