# One interface target: every target of this project that compiles code links it.
add_library(ek_warnings INTERFACE)
if(MSVC)
  target_compile_options(ek_warnings INTERFACE /W4 /WX /permissive-)
else()
  target_compile_options(ek_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wimplicit-fallthrough -Wformat=2 -Wcast-qual
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False alarms of optimised builds: on strings since GCC 12 (bug 105651), on moved variants and optionals (bug 80635).
    target_compile_options(ek_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
  endif()
  if(ENDPOINTKIT_WERROR)
    target_compile_options(ek_warnings INTERFACE -Werror)
  endif()
endif()
