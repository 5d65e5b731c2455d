// MPI, of whose libraries nothing is linked: one is opened at run time, by the table of its kind. The one idea: what all
// need is gathered on all of them, in the order of the ranks, by a single operation. Where that is begun before it is
// needed, few ranks have a part: each sends its own. What one alone has asked for is sent to it alone.
// It must know nothing of JavaScript, and of what is gathered only how wide its elements are.
#ifndef TSKEOPS_MPI_H
#define TSKEOPS_MPI_H

#include <memory>
#include <string>
#include <vector>

#include "run/watch.h"

// A library of MPI that runs: from its making until `finalize`, which can come once in a process.
class Mpi {
 public:
  virtual ~Mpi() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // `counts` elements of each rank, one after the other in `all`, where this rank has put its own. Elements are 1, 4 or
  // 8 bytes wide; all counts together fit into an int. After an Interrupted the library still uses `all`: nothing but
  // `abort` can follow.
  virtual void allGather(void *all, const std::vector<int> &counts, int width, Watch &) = 0;
  // Fills `to` with what each rank has for this one, in the order of the ranks; `from` has, in that order, what this one
  // has for each.
  virtual void exchange(const void *from, const std::vector<int> &sent, void *to, const std::vector<int> &received,
                        int width, Watch &) = 0;
  // The first, begun: `all` must stay until `await`, and what this rank has in it must not change. Several may be under
  // way.
  virtual void startGather(void *all, const std::vector<int> &counts, int width) = 0;
  // Brings on what was begun: a library moves little while nobody asks it.
  virtual void progress() = 0;
  // Whether nothing is under way.
  virtual bool isIdle() const = 0;
  virtual void await(Watch &) = 0;
  virtual void finalize() = 0;
  // Ends the processes of all ranks.
  [[noreturn]] virtual void abort(int code) = 0;

  std::string version;  // what the library calls itself, up to the end of the line
};

// The first of these libraries that can be opened, started. @throws std::runtime_error that says why none can.
std::unique_ptr<Mpi> startMpi(const std::vector<std::string> &names);

#endif
