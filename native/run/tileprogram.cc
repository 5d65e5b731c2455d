#include "run/tileprogram.h"

#include <stdexcept>
#include <string>

namespace tiles {

namespace {

constexpr int64 MOST_SLOTS = 1 << 20, MOST_VALUES = 1 << 24, MOST_BYTES = int64(1) << 29;

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
    program.extent.weights = Weights(next(0, isWeighted ? int64(Weights::Splats) : 0, "a kind of weights"));
    if (isWeighted && program.extent.k > 1 && program.extent.k != program.extent.dim)
      throw std::out_of_range("tiles: expected a weight for each exponent");
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
    if (program.results != program.extent.dim + firstWeight() + takesRanks())
      throw std::out_of_range("tiles: expected as many results as the reduction takes");
    for (int64 n = 0; n < program.results; n++) readOperand(PAIR);
    for (int64 n = 0; n < program.results; n++) checkResult(n, program.operands[program.firstResult + n]);
  }

  bool takesRanks() const { return !program.isBlock && program.reducer->takesRanks(); }

  // What is weighted comes in front of the weights.
  int64 firstWeight() const { return program.isBlock || program.extent.weights == Weights::None ? 0 : program.extent.k; }

  void checkResult(int64 n, const Operand &result) const {
    if (takesRanks() && n == program.extent.dim) return checkRanks(result);
    const bool maySplat = program.extent.weights == Weights::Splats && n >= firstWeight();
    const bool fits = maySplat ? isSplat(result) && result.region == program.operands[program.firstResult + firstWeight()].region
                               : result.region == PAIR;
    if (!fits) throw std::out_of_range("tiles: expected a result of another kind");
  }

  // One after the other, in an argument.
  static void checkRanks(const Operand &ranks) {
    if (ranks.region < REGIONS || ranks.step != 1) throw std::out_of_range("tiles: expected ranks in a variable of dim 1");
  }

  Program &program;
  const std::vector<int64> &code;
  std::size_t at = 0;
};

}  // namespace

Program programOf(const TileLibrary &library, const std::vector<int64> &code, const std::vector<double> &constants) {
  Program program(library);
  Reader(program, code).read();
  if (static_cast<int64>(constants.size()) > program.slots[CALL]) throw std::out_of_range("tiles: expected slots for constants");
  program.constants = constants;
  return program;
}

}  // namespace tiles
