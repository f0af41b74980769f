# One interface target: every target of this project that compiles code links it.
add_library(ek_warnings INTERFACE)
if(MSVC)
  target_compile_options(ek_warnings INTERFACE /W4 /WX /permissive-)
else()
  target_compile_options(ek_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wimplicit-fallthrough -Wformat=2 -Wcast-qual
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast>)
  if(ENDPOINTKIT_WERROR)
    target_compile_options(ek_warnings INTERFACE -Werror)
  endif()
endif()
