// A PTX module as its text says it: variables, functions, statements whose names are resolved. Pure data; what an
// instruction means, and where a variable lies, is not known here.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace cudasim {

enum class Type : uint8_t { None, Pred, B8, B16, B32, B64, U8, U16, U32, U64, S8, S16, S32, S64, F16, F32, F64 };

Type typeNamed(const std::string& name);  // "f32" -> F32; None if there is no such type
int sizeOf(Type type);                    // in bytes

enum class Space : uint8_t { Generic, Global, Shared, Local, Param };  // constant memory is global memory that nobody writes

struct Variable {
  std::string name;
  Space space = Space::Global;
  uint64_t align = 1;
  uint64_t size = 0;  // bytes; 0 for an `extern .shared` array, whose size the launch gives
  std::vector<uint8_t> initial;
};

// Where a name leads: a variable of the module (index into Module::variables) or of the function (Function::variables).
struct VariableRef {
  int index = -1;
  bool ofModule = false;
};

struct Operand {
  enum class Kind : uint8_t { Register, Special, Immediate, Variable, Address, Vector, List, Name, Sink };
  Kind kind = Kind::Sink;
  std::string name;      // special registers, labels and functions
  int reg = -1;          // Register, and Address with a register as base
  VariableRef variable;  // Variable, and Address with a variable as base
  uint64_t value = 0;    // Immediate: the bits; Address: the offset
  bool isDecimal = false;  // an Immediate written as 1.5: `value` holds the bits of a double
  bool negated = false;    // !%p1
  std::vector<Operand> parts;
};

struct Statement {
  int line = 0;
  std::string text;
  std::string opcode;                  // "add"
  std::vector<std::string> modifiers;  // "rn", "ftz", without the types
  std::vector<Type> types;
  int guard = -1;  // the register of @%p, -1 without
  bool unless = false;
  std::vector<Operand> operands;

  bool has(const char* modifier) const;
  Type type(size_t k = 0) const { return k < types.size() ? types[k] : Type::None; }
};

struct Function {
  std::string name;
  bool isEntry = false;
  std::vector<Type> registers;
  std::vector<Variable> variables;
  std::vector<int> parameters, results;  // indices into variables
  std::vector<Statement> statements;
  std::map<std::string, size_t> labels;                       // label -> statement
  std::map<std::string, std::vector<std::string>> targetLists;  // .branchtargets
  unsigned maxThreads = 0;                                    // .maxntid or .reqntid, 0 if not said
};

struct Module {
  int version = 0;  // 90 for 9.0
  int target = 0;   // 75 for sm_75
  std::vector<Variable> variables;
  std::vector<Function> functions;

  const Function* find(const std::string& name) const;
};

// A module that cannot be read or linked; the message names line and text.
struct PtxError : std::runtime_error {
  PtxError(int line, const std::string& what) : std::runtime_error("PTX line " + std::to_string(line) + ": " + what) {}
};

Module parse(const std::string& text);

}  // namespace cudasim
