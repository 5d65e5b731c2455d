// Loading of routines. What is loaded stays: a running call in any thread may use it, and the process ends soon enough.
#include "run/library.h"

#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>

#include "run/sharedlibrary.h"

namespace {

struct Library {
  std::mutex guard;
  std::map<std::string, int64> numbers;
  std::deque<Routine> routines;  // never moves an element
};

Library &library() {
  static Library *const all = new Library;
  return *all;
}

[[noreturn]] void fail(const std::string &path, const std::string &what) {
  throw std::runtime_error("load: expected a routine in " + path + ", got " + what);
}

template <typename Symbol>
Symbol *find(void *handle, const std::string &path, const char *name) {
  void *const symbol = sharedlibrary::symbol(handle, name);
  if (!symbol) fail(path, std::string("no ") + name);
  return reinterpret_cast<Symbol *>(symbol);
}

bool isSane(const Routine &routine) {
  const int64 realBytes = routine.entry(TABLE_REAL_BYTES);
  if ((realBytes != 4 && realBytes != 8) || routine.entry(TABLE_ROW_GRAIN) < 1) return false;
  for (const auto which : {TABLE_ACCUMULATOR_BYTES, TABLE_RESULT_DIM, TABLE_INDEX_DIM, TABLE_HOISTED_REALS})
    if (routine.entry(which) < 0 || routine.entry(which) > INT32_MAX) return false;
  for (int64 v = 0; v < routine.variables(); v++)
    if (routine.kind(v) < KIND_ROW || routine.kind(v) > KIND_PARAMETER || routine.dim(v) < 0 || routine.dim(v) > INT32_MAX)
      return false;
  return true;
}

void readTable(Routine &routine, void *handle, const std::string &path) {
  const auto *table = find<const int64>(handle, path, "keops_table");
  if (table[TABLE_ABI] != TSKEOPS_ABI)
    fail(path, "ABI " + std::to_string(table[TABLE_ABI]) + " instead of " + std::to_string(TSKEOPS_ABI));
  const int64 variables = table[TABLE_VARIABLES];
  if (variables < 0 || variables > 10000) fail(path, std::to_string(variables) + " variables");
  routine.table.assign(table, table + TABLE_SIZE + 2 * variables);
  if (!isSane(routine)) fail(path, "a table that makes no sense");
}

void readFunctions(Routine &routine, void *handle, const std::string &path) {
  if (routine.entry(TABLE_ACCUMULATOR_BYTES) == 0) {
    if (routine.entry(TABLE_HOISTED_REALS) > 0) fail(path, "hoisted reals in a routine of the form block");
    routine.block = find<decltype(keops_block)>(handle, path, "keops_block");
    return;
  }
  if (void *once = sharedlibrary::symbol(handle, "keops_pairs_once")) routine.pairsOnce = reinterpret_cast<decltype(keops_pairs_once) *>(once);
  else routine.reduce = find<decltype(keops_reduce)>(handle, path, "keops_reduce");
  routine.finish = find<decltype(keops_finish)>(handle, path, "keops_finish");
  if (routine.entry(TABLE_HOISTED_REALS) > 0) routine.prepare = find<decltype(keops_prepare)>(handle, path, "keops_prepare");
}

Routine open(const std::string &path) {
  void *handle = sharedlibrary::open(path);
  if (!handle) throw std::runtime_error("load: expected a routine, got " + sharedlibrary::lastError());
  Routine routine;
  try {
    readTable(routine, handle, path);
    readFunctions(routine, handle, path);
  } catch (...) {
    sharedlibrary::close(handle);  // so that a file that was replaced can be loaded from the same path
    throw;
  }
  return routine;
}

}  // namespace

int64 loadRoutine(const std::string &path) {
  Library &all = library();
  std::lock_guard lock(all.guard);
  if (const auto known = all.numbers.find(path); known != all.numbers.end()) return known->second;
  all.routines.push_back(open(path));
  const int64 number = static_cast<int64>(all.routines.size()) - 1;
  all.numbers.emplace(path, number);
  return number;
}

int64 keepRoutine(Routine routine) {
  Library &all = library();
  std::lock_guard lock(all.guard);
  all.routines.push_back(std::move(routine));
  return static_cast<int64>(all.routines.size()) - 1;
}

const Routine &routineOf(int64 number) {
  Library &all = library();
  std::lock_guard lock(all.guard);
  if (number < 0 || number >= static_cast<int64>(all.routines.size()))
    throw std::out_of_range("routine: expected one that load gave, got something else");
  return all.routines[number];
}
