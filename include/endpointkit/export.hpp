// EK_API marks what the shared library exports; everything else is hidden.
#pragma once

#if defined(EK_STATIC)
#define EK_API
#elif defined(_WIN32)
#if defined(EK_BUILDING)
#define EK_API __declspec(dllexport)
#else
#define EK_API __declspec(dllimport)
#endif
#else
#define EK_API __attribute__((visibility("default")))
#endif
