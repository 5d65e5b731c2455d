// What the pool asks of the system. Each has its file: posix/ and windows/.
#ifndef TSKEOPS_THREADS_H
#define TSKEOPS_THREADS_H

#include <functional>

// Processors that this process may use, at least 1.
int availableProcessors();

// Starts a thread that nobody waits for and that receives no signals: those belong to the threads of JavaScript.
// Throws std::system_error if the system gives none.
void startThread(std::function<void()> body);

#endif
