// PTX text -> Module. Names are resolved here, as PTX scopes them: registers and variables of a `{ }` hide those
// outside.
#include "cursor.h"

namespace cudasim {
namespace {

struct Scope {
  std::map<std::string, int> registers, variables;
};

class Parser : private Cursor {
 public:
  using Cursor::Cursor;

  Module run() {
    while (!atEnd()) directive();
    return std::move(module_);
  }

 private:
  // The outermost level.
  void directive() {
    const std::string word = next();
    if (word == ".version") module_.version = static_cast<int>(std::atof(next().c_str()) * 10 + 0.5);
    else if (word == ".target") target();
    else if (word == ".address_size") next();
    else if (word == ".visible" || word == ".weak" || word == ".common") return;
    else if (word == ".extern") isExtern_ = true;
    else if (word == ".global" || word == ".const") moduleVariable(Space::Global);
    else if (word == ".shared") moduleVariable(Space::Shared);
    else if (word == ".entry" || word == ".func") function(word == ".entry");
    else if (word == ".file" || word == ".loc") skipLine();
    else if (word == ".section") next(), skipBraces();
    else fail("unknown directive " + word);
  }

  void target() {
    const std::string name = next();
    if (name.rfind("sm_", 0) != 0) fail("expected a target sm_NN, got " + name);
    module_.target = std::atoi(name.c_str() + 3);
    while (accept(",")) next();
  }

  void moduleVariable(Space space) {
    do module_.variables.push_back(variable(space));
    while (accept(","));
    expect(";");
    const Variable& last = module_.variables.back();
    if (isExtern_ && last.space != Space::Shared) fail("the external variable " + last.name + " has no definition");
    isExtern_ = false;
  }

  // After the word for the space: .align 4 .b8 name[3][4] = {1, 2}. Attributes such as `.ptr .global` say nothing new.
  Variable variable(Space space) {
    Variable made;
    made.space = space;
    Type type = Type::None;
    int lanes = 1;
    while (peek().starts_with(".")) {
      const std::string word = next();
      const Type named = typeNamed(word.substr(1));
      if (word == ".align") made.align = std::max<uint64_t>(made.align, std::strtoull(next().c_str(), nullptr, 0));
      else if (word == ".v2" || word == ".v4") lanes = word[2] - '0';
      else if (named != Type::None) type = named;
    }
    if (type == Type::None) fail("a variable without a type this simulator knows");
    made.name = next();
    made.size = static_cast<uint64_t>(sizeOf(type)) * lanes;
    made.align = std::max(made.align, made.size > 16 ? 16 : made.size);
    while (accept("[")) {
      made.size *= peek() == "]" ? 0 : std::strtoull(next().c_str(), nullptr, 0);
      expect("]");
    }
    if (accept("=")) initial(made, sizeOf(type));
    return made;
  }

  void initial(Variable& variable, int size) {
    int depth = 0;
    do {
      while (accept("{")) depth++;
      const std::optional<Operand> value = number();
      if (!value) fail("an initial value that is no number: " + peek());
      const auto* bytes = reinterpret_cast<const uint8_t*>(&value->value);
      variable.initial.insert(variable.initial.end(), bytes, bytes + size);
      while (accept("}")) depth--;
    } while (accept(",") || depth > 0);
  }

  // Functions.
  void function(bool isEntry) {
    Function made;
    made.isEntry = isEntry;
    function_ = &made;
    scopes_.assign(1, {});
    if (peek() == "(") parameters(made.results);
    made.name = next();
    if (peek() == "(") parameters(made.parameters);
    attributes();
    isExtern_ = false;
    if (accept(";")) return;  // a declaration: the definition follows, or a call of it fails to link
    expect("{");
    while (!scopes_.empty()) statement();
    module_.functions.push_back(std::move(made));
  }

  void parameters(std::vector<int>& into) {
    expect("(");
    while (!accept(")")) {
      if (!accept(".param")) fail("expected a .param, got " + peek());
      into.push_back(declare(variable(Space::Param)));
      accept(",");
    }
  }

  void attributes() {
    while (!atEnd() && peek() != "{" && peek() != ";") {
      const std::string word = next();
      if (word != ".maxntid" && word != ".reqntid") continue;  // .minnctapersm and its kin guide ptxas alone
      function_->maxThreads = 1;
      do function_->maxThreads *= static_cast<unsigned>(std::atoi(next().c_str()));
      while (accept(","));
    }
  }

  int declare(Variable variable) {
    const int index = static_cast<int>(function_->variables.size());
    scopes_.back().variables[variable.name] = index;
    function_->variables.push_back(std::move(variable));
    return index;
  }

  void statement() {
    if (accept(";")) return;
    if (accept("{")) return scopes_.push_back({});
    if (accept("}")) return scopes_.pop_back();
    const std::string word = peek();
    if (word == ".reg") return registers();
    if (word == ".loc" || word == ".file") return skipLine();
    if (word == ".pragma") return skipPast(";");
    if (peek(1) == ":") return label();
    if (word == ".shared" || word == ".local" || word == ".param") return variables();
    instruction();
  }

  void registers() {
    next();
    const Type type = typeNamed(next().substr(1));
    if (type == Type::None) fail("registers of a type this simulator does not know");
    do {
      const std::string name = next();
      if (!accept("<")) declareRegister(name, type);
      else {
        const int count = std::atoi(next().c_str());
        for (int k = 0; k < count; k++) declareRegister(name + std::to_string(k), type);
        expect(">");
      }
    } while (accept(","));
    expect(";");
  }

  void declareRegister(const std::string& name, Type type) {
    scopes_.back().registers[name] = static_cast<int>(function_->registers.size());
    function_->registers.push_back(type);
  }

  void variables() {
    const std::string word = next();
    const Space space = word == ".shared" ? Space::Shared : word == ".local" ? Space::Local : Space::Param;
    do declare(variable(space));
    while (accept(","));
    expect(";");
  }

  void label() {
    const std::string name = next();
    expect(":");
    if (!accept(".branchtargets")) {
      if (!function_->labels.emplace(name, function_->statements.size()).second) fail("the label " + name + " stands twice");
      return;
    }
    do function_->targetLists[name].push_back(next());
    while (accept(","));
    expect(";");
  }

  void instruction() {
    Statement made;
    made.line = line();
    const size_t from = start();
    if (accept("@")) {
      made.unless = accept("!");
      const Operand guard = operand();
      if (guard.kind != Operand::Kind::Register) fail("a guard that is no register");
      made.guard = guard.reg;
    }
    opcode(made, next());
    while (peek() != ";") {
      made.operands.push_back(operand());
      if (!accept(",") && !accept("|") && peek() != ";") fail("expected ',' or ';', got '" + peek() + "'");
    }
    made.text = quoteFrom(from);
    expect(";");
    function_->statements.push_back(std::move(made));
  }

  void opcode(Statement& made, const std::string& word) {
    for (size_t from = 0; from <= word.size();) {
      const size_t dot = std::min(word.find('.', from), word.size());
      const std::string part = word.substr(from, dot - from);
      const Type type = typeNamed(part);
      if (from == 0) made.opcode = part;
      else if (type != Type::None) made.types.push_back(type);
      else made.modifiers.push_back(part);
      from = dot + 1;
    }
    if (made.opcode.empty()) fail("unknown instruction " + word);
  }

  // Operands.
  Operand operand() {
    if (accept("!")) {
      Operand made = operand();
      made.negated = true;
      return made;
    }
    if (accept("[")) return address();
    if (accept("{")) return group(Operand::Kind::Vector, "}");
    if (accept("(")) return group(Operand::Kind::List, ")");
    if (std::optional<Operand> made = number()) return *made;
    return named(next());
  }

  Operand group(Operand::Kind kind, const char* close) {
    Operand made;
    made.kind = kind;
    while (!accept(close)) {
      made.parts.push_back(operand());
      accept(",");
    }
    return made;
  }

  Operand address() {
    Operand made = operand();
    made.kind = made.kind == Operand::Kind::Immediate ? made.kind : Operand::Kind::Address;
    if (accept("+") || peek() == "-") {
      const std::optional<Operand> offset = number();
      if (!offset) fail("an offset that is no number: " + peek());
      made.value += offset->value;
    }
    if (made.kind == Operand::Kind::Address && made.reg < 0 && made.variable.index < 0) fail("unknown address " + made.name);
    made.kind = Operand::Kind::Address;
    expect("]");
    return made;
  }

  Operand named(const std::string& name) {
    Operand made;
    made.name = name;
    if (name == "_") return made;
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (const auto found = scope->registers.find(name); found != scope->registers.end()) {
        made.kind = Operand::Kind::Register;
        made.reg = found->second;
        return made;
      }
      if (const auto found = scope->variables.find(name); found != scope->variables.end()) {
        made.kind = Operand::Kind::Variable;
        made.variable = {found->second, false};
        return made;
      }
    }
    for (size_t k = 0; k < module_.variables.size(); k++)
      if (module_.variables[k].name == name) {
        made.kind = Operand::Kind::Variable;
        made.variable = {static_cast<int>(k), true};
        return made;
      }
    const bool isSpecial = name.starts_with("%") || name == "WARP_SZ";
    made.kind = isSpecial ? Operand::Kind::Special : Operand::Kind::Name;
    return made;
  }

  Module module_;
  Function* function_ = nullptr;
  std::vector<Scope> scopes_;
  bool isExtern_ = false;
};

}  // namespace

Module parse(const std::string& text) { return Parser(text).run(); }

}  // namespace cudasim
