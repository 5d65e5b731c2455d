// The tile evaluator: runs a formula as a program of precompiled kernels (tileprogram.h), operation by operation on
// tiles that stay in the first cache. The lanes of a tile are rows (in the form `block` columns), its vectors follow
// each other over the other index, the loop.
#include "run/tileroutine.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "generated/instructionsets.h"
#include "run/memory.h"
#include "run/plan.h"
#include "run/tileprogram.h"
#include "text/tiles/tiles.h"

#define DECLARE_LIBRARIES(isa, ...) \
  extern const TileLibrary tiles_##isa##_float32; \
  extern const TileLibrary tiles_##isa##_float64;
EACH_INSTRUCTION_SET(DECLARE_LIBRARIES)

namespace tiles {

namespace {

char *threadMemory(int64 bytes) {
  static thread_local GrowingBuffer buffer;
  return buffer.ofSize(bytes);
}

// The values of one thread: what is known of the call, then of a tile of lanes, then of a tile of pairs.
template <typename Real>
class Evaluation {
 public:
  Evaluation(const Program &program, const Job &job) : program(program), job(job) {
    placeRegions();
    placeOperands();
    fillCallSlots();
    run(CALL, 1);
  }
  void takeLanes(int64 first, int64 count) {
    const int64 lanes = program.library.lanes;
    for (const Load &load : program.loads)
      if (program.regionOf(load.variable) == LANE) gather(load, slot(LANE, load.slot), lanes, first, count);
    run(LANE, 1);
  }
  // Steps `first` … `end` of the loop, at most as many as a tile holds.
  void evaluate(int64 first, int64 end) {
    const int64 lanes = program.library.lanes, vectors = ceilDivide(end - first, lanes);
    for (const Load &load : program.loads)
      if (program.regionOf(load.variable) == LOOP) gather(load, slot(LOOP, load.slot), vectors * lanes, first, end);
    for (const int64 n : program.moving) spans[n].data = inVariable(program.operands[n], first);
    run(LOOP, vectors);
    run(PAIR, end - first);
  }
  const Span *results() const { return spans + program.firstResult; }
  void *reducerState() const { return state; }

 private:
  void placeRegions() {
    char *at = threadMemory(program.bytesOfAll());
    state = at;
    at += program.stateBytes();
    for (int64 region = CALL; region < REGIONS; region++) {
      regions[region] = reinterpret_cast<Real *>(at);
      at += program.bytes(region);
    }
    spans = reinterpret_cast<Span *>(at);
  }
  void placeOperands() {
    for (std::size_t n = 0; n < program.operands.size(); n++) {
      const Operand &operand = program.operands[n];
      spans[n] = {operand.region < REGIONS ? slot(operand.region, operand.index) : nullptr, operand.step};
    }
  }
  void fillCallSlots() {
    const int64 lanes = program.library.lanes;
    for (std::size_t n = 0; n < program.constants.size(); n++)
      std::fill_n(slot(CALL, n), lanes, static_cast<Real>(program.constants[n]));
    for (const Load &load : program.loads)
      if (program.regionOf(load.variable) == CALL) gather(load, slot(CALL, load.slot), lanes, 0, 1);
  }

  Real *slot(int64 region, int64 index) const { return regions[region] + index * program.realsPerSlot(region); }
  const Real *argument(int64 variable) const { return static_cast<const Real *>(job.arguments[variable]); }
  const Real *inVariable(const Operand &operand, int64 first) const {
    const int64 variable = operand.region - REGIONS;
    return argument(variable) + first * program.dims[variable] + operand.index;
  }
  // Past the end the last one is repeated.
  void gather(const Load &load, Real *to, int64 reals, int64 first, int64 end) const {
    const int64 dim = program.dims[load.variable];
    const Real *const from = argument(load.variable) + load.component;
    for (int64 n = 0; n < reals; n++) to[n] = from[dim * std::min(first + n, end - 1)];
  }
  void run(Region phase, int64 vectors) const {
    for (const Instruction &step : program.instructions[phase])
      step.kernel(slot(phase, step.slot), spans + step.firstOperand, step.terms, vectors, step.add);
  }

  const Program &program;
  const Job &job;
  Real *regions[REGIONS];
  Span *spans;
  void *state;
};

int64 firstColumn(const Block &block) {
  for (int64 n = 0; n < block.intervalCount; n++)
    if (block.intervals[2 * n] < block.intervals[2 * n + 1]) return block.intervals[2 * n];
  return -1;
}

template <typename Real>
void reduceTiles(const Program &program, const Job &job, const Block &block, char *accumulators) {
  const int64 lanes = program.library.lanes, bytes = program.reducer->accumulatorBytes(program.extent);
  Evaluation<Real> tile(program, job);
  for (int64 row = block.firstRow; row < block.endRow; row += lanes) {
    tile.takeLanes(row, job.rows);
    program.reducer->begin(tile.reducerState(), program.extent, firstColumn(block));
    for (int64 n = 0; n < block.intervalCount; n++)
      for (int64 first = block.intervals[2 * n], end; first < block.intervals[2 * n + 1]; first = end) {
        end = std::min(first + program.columns, block.intervals[2 * n + 1]);
        tile.evaluate(first, end);
        program.reducer->add(tile.reducerState(), program.extent, tile.results(), end - first, first);
      }
    program.reducer->store(tile.reducerState(), program.extent, accumulators + (row - block.firstRow) * bytes,
                           std::min(lanes, block.endRow - row));
  }
}

// One value of all lanes that exist, `stride` apart in `to`.
template <typename Real>
void scatter(Real *to, int64 stride, const Real *lanes, int64 count) {
  if (stride == 1) std::memcpy(to, lanes, count * sizeof(Real));
  else for (int64 l = 0; l < count; l++) to[l * stride] = lanes[l];
}

template <typename Real>
void evaluateBlock(const Program &program, const Job &job, const Rectangle &part, Real *out) {
  const int64 lanes = program.library.lanes, dim = program.resultDim();
  const int64 rowReals = (part.endColumn - part.firstColumn) * dim;
  Evaluation<Real> tile(program, job);
  for (int64 column = part.firstColumn; column < part.endColumn; column += lanes) {
    tile.takeLanes(column, job.columns);
    for (int64 first = part.firstRow, end; first < part.endRow; first = end) {
      end = std::min(first + program.columns, part.endRow);
      tile.evaluate(first, end);
      Real *const to = out + (first - part.firstRow) * rowReals + (column - part.firstColumn) * dim;
      for (int64 k = 0; k < dim; k++)
        for (int64 step = 0; step < end - first; step++)
          scatter(to + step * rowReals + k, dim, static_cast<const Real *>(tile.results()[k].data) + step * lanes,
                  std::min(lanes, part.endColumn - column));
    }
  }
}

std::vector<int64> tableOf(const Program &program) {
  const int64 accumulatorBytes = program.isBlock ? 0 : program.reducer->accumulatorBytes(program.extent);
  const int64 variables = program.kinds.size();
  std::vector<int64> table = {TSKEOPS_ABI,         program.library.realBytes, program.library.lanes, accumulatorBytes,
                              program.resultDim(), program.indexDim(),        0,                     variables};
  for (int64 v = 0; v < variables; v++) table.insert(table.end(), {program.kinds[v], program.dims[v]});
  return table;
}

template <typename Real>
Routine routineFor(std::shared_ptr<const Program> program) {
  Routine routine;
  routine.table = tableOf(*program);
  if (program->isBlock) {
    routine.block = [program](const Job *job, int64 firstRow, int64 endRow, int64 firstColumn, int64 endColumn, void *out) {
      evaluateBlock(*program, *job, {job->rows, job->columns, firstRow, endRow, firstColumn, endColumn}, static_cast<Real *>(out));
    };
    return routine;
  }
  routine.reduce = [program](const Job *job, const Block *block, void *accumulators) {
    reduceTiles<Real>(*program, *job, *block, static_cast<char *>(accumulators));
  };
  routine.finish = [program](int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out, int32 *indices) {
    program->reducer->finish(program->extent, rows, accumulators, parts, partBytes, out, indices);
  };
  return routine;
}

}  // namespace

}  // namespace tiles

namespace {

#define LIST_LIBRARIES(isa, ...) &tiles_##isa##_float32, &tiles_##isa##_float64,
const TileLibrary *const LIBRARIES[] = {EACH_INSTRUCTION_SET(LIST_LIBRARIES)};

}  // namespace

const TileLibrary &tileLibrary(const std::string &isa, int64 realBytes) {
  for (const TileLibrary *library : LIBRARIES)
    if (library->isa == isa && library->realBytes == realBytes) return *library;
  throw std::invalid_argument("tiles: expected kernels for " + isa + ", got none");
}

Routine tileRoutine(const TileLibrary &library, const std::vector<int64> &code, const std::vector<double> &constants) {
  const auto program = std::make_shared<const tiles::Program>(tiles::programOf(library, code, constants));
  return library.realBytes == 4 ? tiles::routineFor<float>(program) : tiles::routineFor<double>(program);
}
