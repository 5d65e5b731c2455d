// The interface of Windows without those of its names that the addon has for things of its own, such as `Rectangle`.
#ifndef TSKEOPS_WINDOWS_SYSTEM_H
#define TSKEOPS_WINDOWS_SYSTEM_H

#define WIN32_LEAN_AND_MEAN
#define NOGDI
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#endif
