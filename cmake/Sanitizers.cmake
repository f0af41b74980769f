# ENDPOINTKIT_SANITIZE is "", "address;undefined", "thread" or "fuzzer;address;undefined".
if(ENDPOINTKIT_SANITIZE)
  list(JOIN ENDPOINTKIT_SANITIZE "," ek_sanitize)
  # The fuzzer's own runtime is linked by fuzz targets alone; the rest is only instrumented for it.
  string(REPLACE "fuzzer" "fuzzer-no-link" ek_sanitize "${ek_sanitize}")
  add_compile_options(-fsanitize=${ek_sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ek_sanitize})
endif()
