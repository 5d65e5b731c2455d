// The names and texts of the driver's errors.
#pragma once

namespace cudasim {

struct ErrorRow {
  int code;
  const char *name, *text;
};

const ErrorRow* errorRow(int code);  // nullptr for a code that this driver never gives
const char* errorName(int code);

}  // namespace cudasim
