#include "program.h"

#include <algorithm>
#include <map>
#include <set>

#include "table.h"

namespace cudasim {
namespace {

uint64_t alignedUp(uint64_t value, uint64_t align) { return (value + align - 1) / align * align; }

// What a function's own text numbers from 0, as the whole program sees it.
struct Placed {
  const Function* function = nullptr;
  std::vector<uint32_t> registerUnits;
  std::vector<uint64_t> addresses;  // of its variables, in their space
  uint32_t start = 0, returnRow = 0;
};

class Linker {
 public:
  Linker(const Module& module, const Function& entry, const std::vector<uint64_t>& addresses)
      : module_(module), entry_(entry), moduleAddresses_(addresses) {}

  Program run() {
    program_.name = entry_.name;
    program_.maxThreads = entry_.maxThreads;
    place(entry_);
    for (const Function* function : order_) emit(placed_.at(function));
    program_.entry = placed_.at(&entry_).start;
    program_.dynamicSharedAt = alignedUp(program_.staticShared, 16);
    for (const auto& [constant, offset] : dynamicConstants_) program_.constants[constant].bits = program_.dynamicSharedAt + offset;
    return std::move(program_);
  }

 private:
  static uint64_t reserve(uint64_t& end, const Variable& variable) {
    const uint64_t at = alignedUp(end, variable.align);
    end = at + variable.size;
    return at;
  }

  // Depth first, so that what a function calls comes before it.
  void place(const Function& function) {
    if (placed_.contains(&function)) return;
    if (std::find(open_.begin(), open_.end(), &function) != open_.end())
      throw PtxError(0, "recursive function " + function.name + ": not simulated");
    open_.push_back(&function);
    for (const Statement& statement : function.statements)
      if (statement.opcode == "call") place(calleeOf(statement));
    open_.pop_back();
    order_.push_back(&function);
    Placed& made = placed_[&function];
    made.function = &function;
    for (const Type type : function.registers) made.registerUnits.push_back(newRow(sizeOf(type) == 8));
    for (const Variable& variable : function.variables) made.addresses.push_back(addressOf(function, variable));
    made.returnRow = newRow(false);
    if (function.isEntry) noteParameters(function, made);
  }

  uint64_t addressOf(const Function& function, const Variable& variable) {
    if (variable.space == Space::Shared) return reserve(program_.staticShared, variable);
    if (variable.space == Space::Local) return reserve(program_.localSize, variable);
    const auto isOne = [&](const std::vector<int>& list) {
      return std::any_of(list.begin(), list.end(), [&](int k) { return &function.variables[static_cast<size_t>(k)] == &variable; });
    };
    if (function.isEntry && isOne(function.parameters)) return reserve(program_.parameterSize, variable);
    return THREAD_PARAMETERS + reserve(program_.threadParameterSize, variable);
  }

  void noteParameters(const Function& function, const Placed& made) {
    for (const int k : function.parameters)
      program_.parameters.push_back({made.addresses[static_cast<size_t>(k)], function.variables[static_cast<size_t>(k)].size});
  }

  const Function& calleeOf(const Statement& call) const {
    for (const Operand& operand : call.operands)
      if (operand.kind == Operand::Kind::Name)
        if (const Function* found = module_.find(operand.name)) return *found;
    throw PtxError(call.line, "call of an unknown function: " + call.text);
  }

  uint32_t newRow(bool wide) {
    const uint32_t unit = program_.units;
    program_.units += wide ? 2 : 1;
    return unit;
  }

  // Code.
  void emit(Placed& placed) {
    placed.start = static_cast<uint32_t>(program_.code.size());
    current_ = &placed;
    std::vector<uint32_t> places;  // of each statement; a call takes two instructions
    for (const Statement& statement : placed.function->statements) {
      places.push_back(static_cast<uint32_t>(program_.code.size()));
      instruction(statement);
    }
    places.push_back(static_cast<uint32_t>(program_.code.size()));
    static const Statement end = [] {
      Statement ret;
      ret.opcode = ret.text = "ret";
      return ret;
    }();
    instruction(end);
    resolveBranches(placed, places);
  }

  void instruction(const Statement& statement) {
    const OpcodeRow& row = rowOf(statement);
    Instruction made;
    made.source = &statement;
    made.flow = row.flow;
    made.unless = statement.unless;
    if (statement.guard >= 0) made.guard = static_cast<int32_t>(current_->registerUnits[static_cast<size_t>(statement.guard)]);
    made.rounding = roundingOf(statement);
    made.size = static_cast<uint8_t>(sizeOf(statement.type()));
    Semantics semantics;
    if (row.make) {
      semantics = row.make(statement);
      if (!semantics.run && row.flow == Flow::Next) throw PtxError(statement.line, "unknown types: " + statement.text);
      made.run = semantics.run;
      made.mode = semantics.mode;
      made.space = spaceOf(statement);
    }
    if (row.flow == Flow::Call) return call(statement, made);
    if (row.flow != Flow::Branch && row.flow != Flow::BranchTable) operands(statement, semantics, made);
    if (semantics.rows != 0 && semantics.rows != made.rowCount)
      throw PtxError(statement.line, "expected " + std::to_string(semantics.rows) + " operands: " + statement.text);
    if (row.flow == Flow::BranchTable) operand(statement, statement.operands.at(0), 4, made);
    if (row.flow == Flow::Return && current_->function->isEntry) made.flow = Flow::Exit;
    if (made.flow == Flow::Return) made.rows[0] = current_->returnRow;
    program_.code.push_back(made);
  }

  static Rounding roundingOf(const Statement& statement) {
    for (const auto& [name, mode] : {std::pair{"rz", Rounding::Zero}, {"rm", Rounding::Down}, {"rp", Rounding::Up}})
      if (statement.has(name)) return mode;
    return Rounding::Nearest;
  }

  static Space spaceOf(const Statement& statement) {
    for (const auto& [name, space] : {std::pair{"global", Space::Global}, {"const", Space::Global}, {"shared", Space::Shared},
                                      {"shared::cta", Space::Shared}, {"local", Space::Local}, {"param", Space::Param},
                                      {"param::func", Space::Param}, {"param::entry", Space::Param}})
      if (statement.has(name)) return space;
    return Space::Generic;
  }

  void call(const Statement& statement, Instruction made) {
    const Function& callee = calleeOf(statement);
    const Placed& to = placed_.at(&callee);
    const std::vector<Operand> none;
    const bool hasResult = !callee.results.empty();
    const auto& given = statement.operands;
    const auto& results = hasResult ? given.at(0).parts : none;
    const size_t argumentsAt = hasResult ? 2 : 1;
    const auto& arguments = argumentsAt < given.size() ? given[argumentsAt].parts : none;
    if (arguments.size() != callee.parameters.size() || results.size() != callee.results.size())
      throw PtxError(statement.line, "another number of parameters than " + callee.name + " has: " + statement.text);
    CallSite site;
    site.returnRow = to.returnRow;
    for (size_t k = 0; k < arguments.size(); k++) site.arguments.push_back(copied(statement, arguments[k], to, callee.parameters[k]));
    for (size_t k = 0; k < results.size(); k++) {
      CopiedParameter back = copied(statement, results[k], to, callee.results[k]);
      std::swap(back.from, back.to);
      site.results.push_back(back);
    }
    made.target = to.start;
    made.mode = static_cast<uint32_t>(program_.calls.size());
    program_.calls.push_back(std::move(site));
    program_.code.push_back(made);
    // A second instruction at the place of return fetches the results.
    made.flow = Flow::CallResult;
    program_.code.push_back(made);
  }

  CopiedParameter copied(const Statement& statement, const Operand& operand, const Placed& callee, int variable) const {
    if (operand.kind != Operand::Kind::Variable || operand.variable.ofModule)
      throw PtxError(statement.line, "an argument that is no .param variable: " + statement.text);
    const auto own = static_cast<size_t>(operand.variable.index), other = static_cast<size_t>(variable);
    return {current_->addresses[own], callee.addresses[other], callee.function->variables[other].size};
  }

  void operands(const Statement& statement, const Semantics& semantics, Instruction& made) {
    for (size_t k = 0; k < statement.operands.size(); k++) {
      const Operand& given = statement.operands[k];
      const bool isVector = given.kind == Operand::Kind::Vector;
      if (k == 0 && isVector) made.firstParts = static_cast<uint8_t>(given.parts.size());
      for (const Operand& part : isVector ? given.parts : std::vector<Operand>{given}) {
        if (made.rowCount == MAX_ROWS) throw PtxError(statement.line, "too many operands: " + statement.text);
        operand(statement, part, semantics.cells[made.rowCount], made);
      }
    }
  }

  // Adds the row of an operand; `cell` is the size that its cells must have, 0 if any.
  void operand(const Statement& statement, const Operand& given, int cell, Instruction& made) {
    const unsigned k = made.rowCount++;
    bool wide = cell == 0 ? made.size == 8 : cell == 8;
    switch (given.kind) {
      case Operand::Kind::Register: {
        const auto reg = static_cast<size_t>(given.reg);
        const bool isWide = sizeOf(current_->function->registers[reg]) == 8;
        if (cell != 0 && isWide != wide)
          throw PtxError(statement.line, "operand " + std::to_string(k + 1) + " has another size than the instruction: " + statement.text);
        wide = isWide;
        made.rows[k] = current_->registerUnits[reg];
        break;
      }
      case Operand::Kind::Address: wide = address(given, made, k); break;
      case Operand::Kind::Special: made.rows[k] = special(statement, given.name, wide); break;
      case Operand::Kind::Immediate: made.rows[k] = constant(immediate(statement, given), wide); break;
      case Operand::Kind::Variable: made.rows[k] = variableRow(given.variable, 0, wide); break;
      case Operand::Kind::Sink: made.rows[k] = newRow(wide); break;
      default: throw PtxError(statement.line, "unknown operand " + given.name + ": " + statement.text);
    }
    if (wide) made.wide |= static_cast<uint8_t>(1u << k);
    if (given.negated) made.negated |= static_cast<uint8_t>(1u << k);
  }

  // The row that holds the base of an address, with the rest in the instruction's offset.
  bool address(const Operand& given, Instruction& made, unsigned k) {
    if (given.reg >= 0) {
      made.offset = static_cast<int64_t>(given.value);
      made.rows[k] = current_->registerUnits[static_cast<size_t>(given.reg)];
      return sizeOf(current_->function->registers[static_cast<size_t>(given.reg)]) == 8;
    }
    made.rows[k] = given.variable.index >= 0 ? variableRow(given.variable, given.value, true) : constant(given.value, true);
    return true;
  }

  static uint64_t immediate(const Statement& statement, const Operand& given) {
    const bool isFloat = given.isDecimal && statement.type() == Type::F32;
    return isFloat ? std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(given.value))) : given.value;
  }

  uint32_t variableRow(VariableRef ref, uint64_t offset, bool wide) {
    const auto index = static_cast<size_t>(ref.index);
    const Variable& variable = ref.ofModule ? module_.variables[index] : current_->function->variables[index];
    if (variable.space == Space::Shared && variable.size == 0) {  // where it lies is known when all static ones are counted
      program_.constants.push_back({newRow(wide), wide, 0});
      dynamicConstants_.push_back({program_.constants.size() - 1, offset});
      return program_.constants.back().unit;
    }
    return constant((ref.ofModule ? moduleAddress(index) : current_->addresses[index]) + offset, wide);
  }

  // A shared variable of the module takes room in the kernels that name it.
  uint64_t moduleAddress(size_t index) {
    const Variable& variable = module_.variables[index];
    if (variable.space == Space::Shared && placedShared_.insert(index).second)
      moduleAddresses_[index] = reserve(program_.staticShared, variable);
    return moduleAddresses_[index];
  }

  uint32_t constant(uint64_t bits, bool wide) {
    const auto [found, isNew] = constants_.try_emplace({bits, wide}, program_.units);
    if (isNew) program_.constants.push_back({newRow(wide), wide, bits});
    return found->second;
  }

  uint32_t special(const Statement& statement, const std::string& name, bool wide) {
    const SpecialRow* row = specialNamed(name);
    if (!row) throw PtxError(statement.line, "unknown special register " + name + ": " + statement.text);
    const auto [found, isNew] = specials_.try_emplace({name, wide}, program_.units);
    if (isNew) program_.specials.push_back({newRow(wide), wide, row});
    return found->second;
  }

  void resolveBranches(const Placed& placed, const std::vector<uint32_t>& places) {
    const Function& function = *placed.function;
    for (uint32_t pc = placed.start; pc < program_.code.size(); pc++) {
      Instruction& made = program_.code[pc];
      const auto placeOf = [&](const std::string& label) {
        const auto found = function.labels.find(label);
        if (found == function.labels.end()) throw PtxError(made.source->line, "unknown label " + label + ": " + made.source->text);
        return places[found->second];
      };
      if (made.flow == Flow::Branch) made.target = placeOf(made.source->operands.at(0).name);
      if (made.flow != Flow::BranchTable) continue;
      const auto list = function.targetLists.find(made.source->operands.at(1).name);
      if (list == function.targetLists.end()) throw PtxError(made.source->line, "unknown branch targets: " + made.source->text);
      made.mode = static_cast<uint32_t>(program_.branchTables.size());
      std::vector<uint32_t>& table = program_.branchTables.emplace_back();
      for (const std::string& label : list->second) table.push_back(placeOf(label));
    }
  }

  const Module& module_;
  const Function& entry_;
  std::vector<uint64_t> moduleAddresses_;
  std::set<size_t> placedShared_;
  Program program_;
  std::map<const Function*, Placed> placed_;
  std::vector<const Function*> order_, open_;
  const Placed* current_ = nullptr;
  std::map<std::pair<uint64_t, bool>, uint32_t> constants_;
  std::map<std::pair<std::string, bool>, uint32_t> specials_;
  std::vector<std::pair<size_t, uint64_t>> dynamicConstants_;
};

}  // namespace

Program link(const Module& module, const Function& entry, const std::vector<uint64_t>& addresses) {
  return Linker(module, entry, addresses).run();
}

}  // namespace cudasim
