// The tile evaluator: runs a formula as a program of precompiled kernels, operation by operation on tiles that stay in the first
// cache. The lanes of a tile are rows (in the form `block` columns), its vectors follow each other over the other index, the loop.
//
// A program computes values in slots of four regions: once per call, per tile of lanes, per interval of the loop, per pair. It is a
// list of integers that src/engine/tileprogram.ts writes:
//   isBlock, columns, slots of each region [4], reducer, dim, k, weights (in the form `block` only dim counts of these),
//   count of variables, (kind, dim) each,
//   count of loads, (variable, component, slot) each: the region is that of the variable,
//   for every region: count of instructions, each (kernel, slot, terms, add, then (region, index) per argument of every term),
//   count of results, (region, index) each.
// Region 4 + v stands for variable v of the loop, read where it is: its index is a component. Constants are the first slots of calls.
#include "tiles.h"

#include <algorithm>
#include <cstring>

#include "cpu.h"
#include "memory.h"

#define EACH_LIBRARY_OF(isa) \
  extern const TileLibrary tiles_##isa##_float32; \
  extern const TileLibrary tiles_##isa##_float64;
EACH_LIBRARY_OF(baseline)
#ifdef __x86_64__
EACH_LIBRARY_OF(avx2)
EACH_LIBRARY_OF(avx512)
#endif

namespace {

const TileLibrary *const LIBRARIES[] = {
    &tiles_baseline_float32, &tiles_baseline_float64,
#ifdef __x86_64__
    &tiles_avx2_float32, &tiles_avx2_float64, &tiles_avx512_float32, &tiles_avx512_float64,
#endif
};

enum Region { CALL, LANE, LOOP, PAIR, REGIONS };

constexpr int64 MOST_SLOTS = 1 << 20, MOST_VALUES = 1 << 24, MOST_BYTES = int64(1) << 29;

struct Load {
  int64 variable, component, slot;
};
struct Operand {
  int64 region, index, step;
};
struct Instruction {
  TileKernel kernel;
  int64 slot, terms;
  bool add;
  int64 firstOperand;
};

struct Program {
  const TileLibrary &library;
  bool isBlock;
  int64 columns, slots[REGIONS];
  const TileReducer *reducer = nullptr;
  Extent extent;
  std::vector<int64> kinds, dims;
  std::vector<double> constants;
  std::vector<Load> loads;
  std::vector<Instruction> instructions[REGIONS];
  std::vector<Operand> operands;
  std::vector<int64> moving;  // operands that are read from a variable of the loop
  int64 firstResult, results;

  explicit Program(const TileLibrary &library) : library(library) {}
  int64 laneKind() const { return isBlock ? KIND_COLUMN : KIND_ROW; }
  Region regionOf(int64 variable) const {
    if (kinds[variable] == KIND_PARAMETER) return CALL;
    return kinds[variable] == laneKind() ? LANE : LOOP;
  }
  int64 realsPerSlot(int64 region) const {
    if (region == LOOP) return columns;
    return region == PAIR ? columns * library.lanes : library.lanes;
  }
  int64 bytes(int64 region) const { return roundUp(slots[region] * realsPerSlot(region) * library.realBytes, 64); }
  int64 resultDim() const { return isBlock ? extent.dim : reducer->resultDim(extent); }
  int64 indexDim() const { return isBlock ? 0 : reducer->indexDim(extent); }
  int64 bytesOfAll() const {
    int64 sum = stateBytes();
    for (int64 region = CALL; region < REGIONS; region++) sum += bytes(region);
    return sum + operands.size() * sizeof(Span);
  }
  int64 stateBytes() const { return isBlock ? 0 : roundUp(reducer->stateBytes(extent), 64); }
};

// ---- reading a program -----------------------------------------------------------------------------------------------------

class Reader {
 public:
  Reader(Program &program, const std::vector<int64> &code) : program(program), code(code) {}
  void read() {
    readHead();
    readVariables();
    readLoads();
    for (int64 region = CALL; region < REGIONS; region++) readInstructions(Region(region));
    readResults();
    if (at != code.size()) throw std::out_of_range("tiles: expected the end of the program, got more");
    if (program.bytesOfAll() > MOST_BYTES) throw std::out_of_range("tiles: expected tiles of less memory");
  }

 private:
  int64 next(int64 least, int64 most, const char *what) {
    const int64 value = at < code.size() ? code[at++] : -1;
    if (value < least || value > most)
      throw std::out_of_range(std::string("tiles: expected ") + what + " from " + std::to_string(least) + " to " +
                              std::to_string(most) + ", got " + std::to_string(value));
    return value;
  }

  void readHead() {
    program.isBlock = next(0, 1, "a form");
    program.columns = next(1, MOST_TILE_COLUMNS, "columns");
    if (program.columns % program.library.lanes != 0) throw std::out_of_range("tiles: expected whole vectors of columns");
    for (int64 &slots : program.slots) slots = next(0, MOST_SLOTS, "slots");
    const int64 reducer = next(0, program.library.reducerCount - 1, "a reducer");
    if (!program.isBlock) program.reducer = program.library.reducers[reducer].reducer;
    program.extent.dim = next(1, MOST_SLOTS, "a dim");
    program.extent.k = next(1, MOST_SLOTS, "a k");
    const bool isWeighted = program.reducer && program.reducer->takesWeights();
    program.extent.weights = Weights(next(0, isWeighted ? 2 : 0, "a kind of weights"));
  }

  void readVariables() {
    const int64 count = next(0, 10000, "variables");
    for (int64 v = 0; v < count; v++) {
      program.kinds.push_back(next(KIND_ROW, KIND_PARAMETER, "a kind"));
      program.dims.push_back(next(1, MOST_VALUES, "a dim"));
    }
  }

  void readLoads() {
    const int64 count = next(0, MOST_VALUES, "loads");
    const int64 variables = program.kinds.size();
    for (int64 n = 0; n < count; n++) {
      const int64 variable = next(0, variables - 1, "a variable");
      const int64 component = next(0, program.dims[variable] - 1, "a component");
      program.loads.push_back({variable, component, next(0, program.slots[program.regionOf(variable)] - 1, "a slot")});
    }
  }

  void readInstructions(Region phase) {
    const int64 count = next(0, MOST_VALUES, "instructions");
    for (int64 n = 0; n < count; n++) {
      const KernelEntry &kernel = program.library.kernels[next(0, program.library.kernelCount - 1, "a kernel")];
      Instruction instruction{};
      instruction.slot = next(0, program.slots[phase] - 1, "a slot");
      instruction.terms = next(1, kernel.isSum ? MOST_VALUES : 1, "terms");
      instruction.add = next(0, kernel.isSum, "add");
      instruction.firstOperand = program.operands.size();
      for (int64 k = 0; k < instruction.terms * kernel.arguments; k++) readOperand(phase);
      instruction.kernel = variant(kernel, instruction, phase);
      program.instructions[phase].push_back(instruction);
    }
  }

  // A phase reads what comes before it, and of lanes and the loop only its own.
  void readOperand(Region phase) {
    const int64 region = next(0, REGIONS - 1 + program.kinds.size(), "a region");
    const bool isVariable = region >= REGIONS;
    if (phase != PAIR && region != CALL && region != phase) throw std::out_of_range("tiles: expected a region of the phase");
    if (isVariable && program.regionOf(region - REGIONS) != LOOP)
      throw std::out_of_range("tiles: expected a variable of the loop");
    const int64 size = isVariable ? program.dims[region - REGIONS] : program.slots[region];
    if (isVariable) program.moving.push_back(program.operands.size());
    program.operands.push_back({region, next(0, size - 1, "an index"), stepOf(region, phase)});
  }

  int64 stepOf(int64 region, Region phase) const {
    if (region >= REGIONS) return program.dims[region - REGIONS];
    if (region == LOOP) return phase == LOOP ? program.library.lanes : 1;
    return region == PAIR ? program.library.lanes : 0;
  }

  TileKernel variant(const KernelEntry &kernel, const Instruction &instruction, Region phase) const {
    const Operand *const operands = program.operands.data() + instruction.firstOperand;
    int64 digits = 0;
    for (int64 k = instruction.terms * kernel.arguments - 1; k >= 0; k--) {
      if (operands[k].region != operands[k % kernel.arguments].region)
        throw std::out_of_range("tiles: expected an argument of one region, got one of several");
      if (k < kernel.arguments) digits = digits * KINDS_OF_STEPS + int64(stepsOf(operands[k], phase));
    }
    if (!kernel.variants[digits]) throw std::out_of_range("tiles: expected a kernel for these operands, got none");
    return kernel.variants[digits];
  }

  static Steps stepsOf(const Operand &operand, Region phase) {
    if (operand.step == 0) return Steps::Fixed;
    return phase == PAIR && isSplat(operand) ? Steps::Splats : Steps::Vectors;
  }

  static bool isSplat(const Operand &operand) { return operand.region == LOOP || operand.region >= REGIONS; }

  void readResults() {
    program.firstResult = program.operands.size();
    program.results = next(1, MOST_VALUES, "results");
    if (program.results != (program.isBlock ? program.extent.dim : program.extent.dim + (program.extent.weights != Weights::None)))
      throw std::out_of_range("tiles: expected as many results as the reduction takes");
    for (int64 n = 0; n < program.results; n++) readOperand(PAIR);
    for (int64 n = 0; n < program.results; n++) checkResult(n, program.operands[program.firstResult + n]);
  }

  void checkResult(int64 n, const Operand &result) const {
    const bool maySplat = n > 0 && program.extent.weights == Weights::Splats;
    const bool fits = maySplat ? isSplat(result) && result.region == program.operands[program.firstResult + 1].region
                               : result.region == PAIR;
    if (!fits) throw std::out_of_range("tiles: expected a result of another kind");
  }

  Program &program;
  const std::vector<int64> &code;
  std::size_t at = 0;
};

// ---- running it ------------------------------------------------------------------------------------------------------------

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
  routine.finish = [program](int64 rows, const void *accumulators, int64 parts, int64 partBytes, void *out, int32 *indices) {
    program->reducer->finish(program->extent, rows, accumulators, parts, partBytes, out, indices);
  };
  return routine;
}

}  // namespace

const TileLibrary &tileLibrary(const std::string &isa, int64 realBytes) {
  for (const TileLibrary *library : LIBRARIES)
    if (library->isa == isa && library->realBytes == realBytes) return *library;
  throw std::invalid_argument("tiles: expected kernels for " + isa + ", got none");
}

Routine tileRoutine(const TileLibrary &library, const std::vector<int64> &code, const std::vector<double> &constants) {
  auto program = std::make_shared<Program>(library);
  Reader(*program, code).read();
  if (static_cast<int64>(constants.size()) > program->slots[CALL]) throw std::out_of_range("tiles: expected slots for constants");
  program->constants = constants;
  return library.realBytes == 4 ? routineFor<float>(program) : routineFor<double>(program);
}
