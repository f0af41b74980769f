# ek_layer(NAME SOURCES…): one layer of src/README.md as an object library. Which other headers a layer
# may see is checked by layers.cmake; which third party it links is said where the layer is declared.
function(ek_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(ek_${name} OBJECT ${arg_SOURCES})
  target_compile_definitions(ek_${name} PRIVATE EK_BUILDING)
  target_include_directories(ek_${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  target_link_libraries(ek_${name} PRIVATE ek_warnings ${arg_LINK})
  set_target_properties(ek_${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
