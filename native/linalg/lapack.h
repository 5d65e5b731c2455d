// The system's own LAPACK, where there is one, opened at run time: nothing is linked, and whatever is missing means "none".
// It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_LAPACK_H
#define TSKEOPS_LAPACK_H

#include <cstdint>
#include <string>

// Chooses for the process: "auto" (the first library of a table that can be opened), "off", or the path of a library. Returns its name,
// empty if there is none. Throws std::runtime_error if the path cannot be opened or lacks a function; what was chosen before stays.
std::string chooseLapack(const std::string &choice);
// As chooseLapack, but without effect once there was a choice.
void initialLapack(const std::string &choice);
// What is chosen: "auto" if nothing else was.
std::string lapackName();

// Rows from which the library is worth its call; smaller matrices stay with our own code, whose bits do not depend on the machine.
constexpr std::int64_t LEAST_LAPACK_ROWS = 1024;

// As cholesky in cholesky.h, by the chosen library; `false` if there is none, and nothing has happened. Its bits may depend on the number of
// threads.
bool choleskyByLapack(double *a, std::int64_t n, std::int64_t &failed);

#endif
