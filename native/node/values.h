// Reads what JavaScript passes. Throws std::invalid_argument (wrong kind) or std::out_of_range (wrong number).
// It must know nothing of how a call runs.
#ifndef TSKEOPS_VALUES_H
#define TSKEOPS_VALUES_H

#include <node_api.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "run/plan.h"

[[noreturn]] void refuseKind(const std::string &where, const std::string &expected);

// From 0 to 2^53.
int64 toInteger(double number, const char *where);
int64 toInteger(napi_env, napi_value, const char *where);
// Of an Int32Array or a Float64Array; none of `undefined`.
std::vector<int64> toIntegers(napi_env, napi_value, const char *where);

// Of a Float64Array.
std::vector<double> toNumbers(napi_env, napi_value, const char *where);

// Memory of a typed array, over shared memory too, whose elements are 1, 4 or 8 bytes wide.
struct Memory {
  void *data;
  int64 length;
  int width;
};
Memory toMemory(napi_env, napi_value, const char *where);

// Of a JavaScript array; reading them may run JavaScript.
std::vector<napi_value> toElements(napi_env, napi_value, const char *where);

// Arrays of the routine's dtype.
std::vector<Input> toInputs(napi_env, napi_value, const Routine &);
Output toOutput(napi_env, napi_value, const Routine &);
// The same and indices, which are undefined or an Int32Array.
Output toOutput(napi_env, napi_value, napi_value indices, const Routine &);

// [rows, columns, blockRows, chunkColumns, unitsPerTask, unused] and [batch, ranges.rows, .slices, .columns] |
// undefined.
Plan toPlan(napi_env, napi_value sizes, napi_value tables, const Routine &);
Rectangle toRectangle(napi_env, napi_value sizes);

// An Int32Array over shared memory: other threads of JavaScript write to it, and nobody can detach it. Null of
// `undefined`.
int32 *toControl(napi_env, napi_value);

// An array of names, at the numbers that both sides have for them.
napi_value namesByNumber(napi_env, std::initializer_list<std::pair<int, const char *>>);
// The names of the kinds of variables in tables and programs (text/common/routine.h).
napi_value variableKinds(napi_env);

#endif
